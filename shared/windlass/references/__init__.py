"""What templates refer to on the server, such as `{{ prefect.variables.region }}`."""
