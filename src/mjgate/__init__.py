"""A self-hosted gateway for Midjourney tasks, and providers that can be made to look like one."""
