"""Public: slots of global concurrency limits, in synchronous and in asynchronous code."""
