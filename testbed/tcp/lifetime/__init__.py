"""How a connection begins, is kept alive, and ends.

handshake         LISTEN, SYN-SENT, options                fast_open         cookies, data with the SYN
syn_cookie        a SYN kept in a number                   keepalive         whether anybody is there
user_timeout      how long both wait (RFC 5482)            closing           FIN, RST, TIME-WAIT
reset             the answer to what is nobody's           challenge         the answer to a doubtful RST or SYN
"""
