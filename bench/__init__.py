"""Load tools that print what they measured beside a raw limit of the same minute. They assert nothing."""
