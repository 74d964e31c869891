"""The comprehensive audit of many hosts: what ``netassist audit`` does once its words have been read."""
