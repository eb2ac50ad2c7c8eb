"""The HTTP API: routes that read the caller, call one service and render. One concern of agents or people a file."""
