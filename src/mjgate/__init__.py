"""A self-hosted gateway for Midjourney tasks, and for providers that can be made to look like one."""
