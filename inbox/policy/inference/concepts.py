"""What tools are about, as data: words that name one thing, and how sensitive it is to look at it.

`CONFIDENTIAL` things are asked about whoever looks. `PERSONAL` things are looked at all day by agents that help
people; they are asked about when the task the agent was given speaks of something else.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from inbox.policy.naming import stem, words_of

# One line a concept: any word of a line stands for the concept.
_CONFIDENTIAL: Final = {
    "health": """health medical medicine medication medicine patient prescription diagnosis diagnostic clinical clinic symptom disease
        therapy therapist treatment immunization vaccination allergy hospital lab genetic genome genomic dna ancestry
        carrier fhir ehr emr hipaa pregnancy psychiatric disability insulin surgery pharmacy dental condition_report""",
    "credentials": """password passwords passcode passphrase credential credentials secret secrets otp totp mfa 2fa keychain
        vault keystore keyring wallet seed mnemonic privatekey apikey ssh pgp""",
    "identity papers": """ssn passport license licence biometric fingerprint iris birthdate dob maiden taxid visa citizenship
        immigration""",
    "surveillance": """whereabouts geolocation gps voicemail recording camera webcam microphone keystroke keylog screenshot
        clipboard wiretap footage surveillance""",
    "pay and personnel": """salary salaries payroll wage wages compensation disciplinary appraisal termination""",
    "legal": "lawsuit litigation criminal arrest conviction warrant attorney privileged subpoena",
}
_PERSONAL: Final = {
    "money": """balance account accounts transaction transactions holding holdings portfolio investment investments statement iban bank
        banking loan mortgage credit debit card cards tax taxes payment payments payee salary spending wallet asset assets crypto
        equity position positions brokerage funds fund finance financial rent bill bills invoice invoices stock stocks trade
        trading money transfer subscription price refund cash dispute referral""",
    "mail": "email emails mail mails inbox gmail outlook mailbox spam newsletter",
    "messages": "message messages sms chat dm conversation text texts slack channel channels inbox thread discord whatsapp telegram",
    "people": """contact contacts people person friend friends guest guests attendee attendees participant participants relative
        follower followers member members neighbor neighbour colleague colleagues employee employees customer customers client clients
        user users profile profiles supplier guest visitor invite invited party""",
    "homes": "address addresses home house residence phone birthday zip postcode",
    "purchases": "order orders purchase purchases cart wishlist reservation reservations booking bookings trip trips itinerary",
    "notes": "note notes notebook journal diary evernote memo memos",
    "browsing": "history bookmark bookmarks cookie cookies browsing browser browsed visited",
    "access": "access log logs audit visit login logins session sessions device devices",
}
_PUBLIC: Final = {
    "calendar": """calendar event events appointment appointments meeting meetings schedule agenda availability available free busy
        lunch dinner day week month today tomorrow hike yoga class""",
    "files": """file files document documents folder folders directory directories drive dropbox path attachment spreadsheet report
        pdf upload archive disk storage txt csv data""",
    "web": "web webpage website page url site link browser internet online",
    "shops": "product products item items catalog catalogue inventory price prices review reviews amazon store shop shopify buy",
    "travel": """flight flights airport airports airline hotel hotels restaurant restaurants car cars cuisine ride travel
        accommodation trip rating ratings""",
    "tasks": "task tasks todo todos reminder reminders project projects issue issues ticket tickets",
    "code": "repository repositories repo repos github git commit branch code pull",
    "posts": "tweet tweets post posts twitter facebook feed timeline social followers",
    "places": "map maps location locations place places direction directions route routes distance city cities nearest",
    "weather": "weather temperature forecast",
}
# What people say when they mean one of the above: these words relate a task to a tool, and make nothing personal.
_SPOKEN: Final = {
    "money": "pay paid spend spent spending cost costs dollar dollars euro euros cheque cash owe owed expense expenses buy",
    "purchases": """return returned exchange exchanged refund refunded deliver delivered delivery package parcel shipment shipping received bought
        item items product products replacement replace cancel""",
    "people": "who whom whose he she they name named ask tell meet call send share everyone someone owner author",
    "mail": "send sent write wrote received reply forward unread attachment",
    "messages": "send sent write wrote said told reply unread",
    "calendar": "when time date remind invite lunch dinner morning afternoon evening week schedule",
    "travel": "fly flying return destination seat seats baggage passenger cabin upgrade",
}
# Two words that together name something confidential, though neither does alone.
_PAIRS: Final = (
    ({"current", "live", "realtime", "last", "exact", "my"}, {"location", "position"}, "surveillance"),
    ({"browser", "browsing", "search", "web", "visited"}, {"history"}, "browsing history"),
    ({"payment", "saved", "stored"}, {"method", "methods", "card", "cards", "information"}, "payment details"),
    ({"card"}, {"number", "numbers", "cvv", "cvc"}, "payment details"),
    ({"saved"}, {"address", "addresses"}, "home addresses"),
    ({"personal", "private", "identity"}, {"info", "information", "details", "data", "record", "records"}, "identity papers"),
    ({"private", "direct"}, {"message", "messages", "chat", "chats"}, "private messages"),
    ({"api", "access", "private", "secret", "encryption", "signing", "recovery", "license"}, {"key", "keys", "code", "codes"}, "credentials"),
    ({"access", "auth", "refresh", "reset", "session", "bearer", "api"}, {"token", "tokens"}, "credentials"),
    ({"environment", "env"}, {"variable", "variables", "vars"}, "credentials"),
    ({"background", "criminal", "credit"}, {"check", "score", "report"}, "legal"),
    ({"call", "phone"}, {"log", "logs", "record", "records", "history", "recording"}, "surveillance"),
    ({"social"}, {"security"}, "identity papers"),
    ({"tax"}, {"return", "returns", "id"}, "identity papers"),
    ({"security"}, {"code", "codes", "question", "questions", "answer"}, "credentials"),
    ({"verification", "authentication", "reset", "login"}, {"code", "codes", "link"}, "credentials"),
)  # fmt: skip


def _table(lines: dict[str, str]) -> dict[str, frozenset[str]]:
    by_word: dict[str, set[str]] = {}
    for concept, words in lines.items():
        for word in words.split():
            by_word.setdefault(stem(word), set()).add(concept)
    return {word: frozenset(concepts) for word, concepts in by_word.items()}


_CONFIDENTIAL_WORDS: Final = _table(_CONFIDENTIAL)
_PERSONAL_WORDS: Final = _table(_PERSONAL)
_ALL_WORDS: Final = _table(
    {
        concept: " ".join(lines.get(concept, "") for lines in (_PUBLIC, _PERSONAL, _CONFIDENTIAL, _SPOKEN))
        for concept in (*_PUBLIC, *_PERSONAL, *_CONFIDENTIAL)
    }
)


def confidential(words: Sequence[str]) -> str:
    """The first confidential thing the words name, in their order, or an empty string."""
    for word in words:
        found = _CONFIDENTIAL_WORDS.get(stem(word))
        if found:
            return min(found)
    for place, word in enumerate(words):
        # `payment method`, `payment and card methods`: close together, or they belong to different things.
        after = set(words[place + 1 : place + 3])
        for some, others, concept in _PAIRS:
            if word in some and after & others:
                return concept
    return ""


# What a column is called that holds what opens doors or pays, where a tool's or a table's name would say more.
_COLUMN_WORDS: Final = frozenset({"cvc", "cvv", "passwd", "pwd"})
_WHOLE_COLUMNS: Final = frozenset({"pan", "pass", "pin", "pin_code", "pin_hash", "token"})
_CARDS: Final = frozenset({"cc", "credit", "debit"})
_COUNTED: Final = frozenset({"count", "counts", "limit", "total", "usage", "used"})


def confidential_column(name: str) -> str:
    """The confidential thing a column holds, by its name, or an empty string. How many of it there are is none."""
    words = words_of(name)
    if _COUNTED & {*words}:
        return ""
    if _COLUMN_WORDS & {*words} or name.lower() in _WHOLE_COLUMNS:
        return "credentials"
    if _CARDS & {*words} and {"card", "num", "number"} & {*words}:
        return "payment details"
    return confidential(words)


def personal(words: Iterable[str]) -> str:
    """The first personal thing the words name, or an empty string."""
    for word in words:
        found = _PERSONAL_WORDS.get(stem(word))
        if found:
            return min(found)
    return ""


def concepts(words: Iterable[str]) -> frozenset[str]:
    """Every concept the words name: what two texts that share one are both about."""
    return frozenset(concept for word in words for concept in _ALL_WORDS.get(stem(word), ()))
