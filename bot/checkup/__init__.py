"""What `kitline doctor` looks at: one file a subject, each giving findings."""
