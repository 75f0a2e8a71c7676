"""The network: `topology` draws it where `layout` puts it."""
