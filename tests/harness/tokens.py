"""Tokens minted with python3-jwt: a second opinion, not the service's own code."""

import time

import jwt


class Mint:
    """Knows the key, issuer and audience of a running service's configuration."""

    def __init__(self, config):
        auth = config["auth"]
        key = auth["keys"][0]
        assert key.get("algorithm", "HS256") == "HS256", "the tests' tokens need an HS256 key"
        self.secret = key["secret"]
        self.kid = key.get("kid")
        self.issuer = auth.get("issuer")
        self.audience = auth.get("audience")
        self.anonymous_secret = auth.get("anonymous_secret")

    def claims(self, user_id, role="student", lifetime_s=3600, **claims):
        now = int(time.time())
        values = {"sub": str(user_id), "role": role, "iat": now, "exp": now + lifetime_s}
        if self.issuer:
            values["iss"] = self.issuer
        if self.audience:
            values["aud"] = self.audience
        values.update(claims)
        return {name: value for name, value in values.items() if value is not None}

    def headers(self, **headers):
        values = {"kid": self.kid} if self.kid else {}
        values.update(headers)
        return {name: value for name, value in values.items() if value is not None}

    def sign(self, claims, secret=None, algorithm="HS256", **headers):
        return jwt.encode(claims, secret or self.secret, algorithm=algorithm, headers=self.headers(**headers))

    def student(self, user_id, **claims):
        return self.sign(self.claims(user_id, "student", **claims))

    def admin(self, user_id, **claims):
        return self.sign(self.claims(user_id, "admin", **claims))

    def service(self, user_id, **claims):
        return self.sign(self.claims(user_id, "service", **claims))
