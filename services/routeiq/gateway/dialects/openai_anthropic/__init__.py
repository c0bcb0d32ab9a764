"""OpenAI's chat dialect to Anthropic's Messages and back.

Source: docs.claude.com, API reference, "Messages" and "Streaming messages" (anthropic-version 2023-06-01).
"""
