"""The renderers that ship with PASE: one file each, holding one frozen `RendererSpec` named `SPEC`."""
