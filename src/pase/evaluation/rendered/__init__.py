"""Rendered talking heads against the video that they should be: lips, pictures, silence."""
