"""Which speech features give better lips: reference renderers trained on one person, only the features changed."""
