"""Speech representations that PASE is compared with, all as rows at the video frame rate."""
