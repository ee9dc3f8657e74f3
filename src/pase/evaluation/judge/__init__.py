"""An independent judge of lip sync for rendered videos: trained apart from PASE, another network on other inputs."""
