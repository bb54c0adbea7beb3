"""One kind of site, one file. A connector is found by its file's name; see CONTRIBUTING.md."""
