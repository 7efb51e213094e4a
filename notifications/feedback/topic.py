"""One Amazon SNS topic, as the only one that is listened to, and the host that speaks for it."""

import re
from dataclasses import dataclass

from django.core.exceptions import ImproperlyConfigured

ARN = re.compile(r"arn:(aws|aws-cn|aws-us-gov):sns:([a-z]{2}(?:-[a-z]+)+-\d):(\d{12}):([A-Za-z0-9_-]{1,256})")


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic. `endpoint` is where its host is reached, if not at its own name: a VPC endpoint, for instance."""

    arn: str
    endpoint: str = ""

    @classmethod
    def of(cls, arn: str, *, endpoint: str = "") -> "Topic":
        """The topic of an ARN. Raises ImproperlyConfigured for anything else."""
        if not ARN.fullmatch(arn):
            raise ImproperlyConfigured(
                "AWS_SES_TOPIC_ARN must be the ARN of an SNS topic, like arn:aws:sns:eu-central-1:123456789012:mail."
            )
        return cls(arn, endpoint)

    @property
    def host(self) -> str:
        """The host of SNS in the region of the topic. No other one signs for it."""
        _, partition, _, region, *_ = self.arn.split(":")
        return f"sns.{region}.amazonaws.com{'.cn' if partition == 'aws-cn' else ''}"

    @property
    def origin(self) -> str:
        """The origin to ask for certificates and confirmations."""
        return self.endpoint.rstrip("/") or f"https://{self.host}"
