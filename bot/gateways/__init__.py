"""What gateways and their media hosts say."""
