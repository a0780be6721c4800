"""What the tests from outside share: a stack of private servers, a client, tokens, the checks."""
