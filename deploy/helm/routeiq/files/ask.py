"""`helm test`: the gateway is ready, lists its models, and answers as one of them. What fails is said, and ends it."""

import json
import os
import sys
import urllib.request

GATEWAY, MODEL = os.environ["GATEWAY"], os.environ.get("MODEL", "")
HEADERS = {"Authorization": f"Bearer {os.environ['LITELLM_MASTER_KEY']}", "Content-Type": "application/json"}


def asked(url, body=None):
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(url, data, HEADERS), timeout=60) as answer:
        return json.load(answer)


def main():
    print("ready:", asked(f"{GATEWAY}/_health/ready")["status"])
    models = [one["id"] for one in asked(f"{GATEWAY}/v1/models")["data"]]
    print("models:", ", ".join(models))
    if not models:
        sys.exit("There are no models.")
    if MODEL:
        message = {"role": "user", "content": "What is 2 + 2?"}
        answer = asked(f"{GATEWAY}/v1/chat/completions", {"model": MODEL, "messages": [message], "max_tokens": 32})
        print("answer:", answer["choices"][0]["message"]["content"])


if __name__ == "__main__":
    main()
