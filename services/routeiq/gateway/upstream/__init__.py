"""Providers: how a deployment is called. All of them answer in the OpenAI dialect."""
