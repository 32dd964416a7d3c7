"""Verification of signatures made with government certificate cards.

A card signs a one-use challenge (CMS SignedData); the PIN never reaches us. Nine steps in a fixed order, each with its own refusal:
signer, content, signature, chain, validity, key_usage, policy, crl, identity. That a challenge is used once and within 300 seconds
is the caller's part.
Source: RFC 5652 (CMS), RFC 5280 (paths, revocation), certificate profiles as in `identity_oids`.
"""

from datetime import datetime

from outside.certificate_chains import (
    chain_to_root,
    check_key_usage,
    check_policy,
    check_revocation,
    check_validity,
)
from outside.certificate_identity import VerifiedCertificate, identity_of
from outside.signed_messages import CertificateRefused, Step, check_content, check_signature_of, one_signer

__all__ = ["CertificateRefused", "Step", "VerifiedCertificate", "verify"]


def verify(
    cms_der: bytes,
    *,
    challenge: bytes,
    at: datetime,
    expected_ubn: str | None = None,
    expected_id_last4: str | None = None,
) -> VerifiedCertificate:
    """Who signed the challenge, proven by all nine steps.

    Raises: CertificateRefused; OutsideDown or OutsideAnswerBroken when a revocation list cannot be had: try again later.
    """
    signed = one_signer(cms_der)
    check_content(signed, challenge)
    check_signature_of(signed, challenge)
    chain = chain_to_root(signed)
    check_validity(chain, at)
    check_key_usage(signed.certificate)
    check_policy(signed.certificate)
    check_revocation(chain, at)
    return identity_of(signed, expected_ubn, expected_id_last4)
