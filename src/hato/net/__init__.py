"""The only folder that opens sockets: connections, listeners, TLS, worker processes."""
