"""What arrived, kept byte for byte, committed before it is acknowledged."""
