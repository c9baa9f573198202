// Placeholder until the addon stands: nothing to build yet.
