"""What clients do with each family of the API, from the making of a thing to its end: with LiteLLM's and OpenAI's own
clients and with the requests of LiteLLM's Terraform providers. Each on both kinds of database, through two gateways."""
