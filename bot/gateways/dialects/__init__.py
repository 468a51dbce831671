"""The dialects of gateways: their field names, status words and sentences, and how they become one `Task`."""
