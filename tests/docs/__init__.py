"""The documentation: its generated parts are up to date, its commands exist, its codes are the program's."""
