"""One module per subject; each offers ``router``, and ``api/app.py`` lists them."""
