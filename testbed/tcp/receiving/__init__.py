"""What a receiver does: what is acceptable, bytes into order, when to acknowledge, how large its buffer is."""
