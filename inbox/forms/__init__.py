"""What people's forms send, checked before a service sees it. One page or dialog a file."""
