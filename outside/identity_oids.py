"""Object identifiers of Taiwan's government certificates.

Source: certificate profiles of MOICA, MOEACA and XCA and the GPKI policy; HiPKI's PKCS#7 attributes.
"""

ID_LAST_FOUR = "2.16.886.1.100.2.51"  # MOICA: last four characters of the national ID
UBN = "2.16.886.1.100.2.101"  # MOEACA: business number, also the subject's serialNumber
ORGANISATION_OID = "2.16.886.1.100.2.102"  # GCA, XCA
SUBJECT_CLASS = "2.16.886.1.100.2.1"
CARD_RANK = "2.16.886.1.100.2.2"  # primary or secondary card
CARD_NUMBER = "2.16.886.1.100.2.204"
ASSURANCE_LEVEL_3 = "2.16.886.101.0.3.3"
HIPKI_NONCE = "1.2.840.113549.1.9.25.3"
CERTIFICATE_AUTHORITIES = {
    "MOEACA": "工商憑證管理中心",
    "MOICA": "內政部憑證管理中心",
    "XCA": "組織及團體憑證管理中心",
}
