"""What a reviewer sees of a request, drawn on the server from the bytes the tool will receive."""
