"""`python -m routeiq.cli`: the console script, where nothing has put one into a `bin`. An image starts so."""

from routeiq.cli.main import app

if __name__ == "__main__":
    app()
