"""Tests against servers that are programs of their own. Each has a script here that installs and starts one."""
