"""The client of the API: asynchronous source in `_async`, synchronous twin generated in `_sync`."""
