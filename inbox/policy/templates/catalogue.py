"""The kinds of tools that are known: what each does, how it reads, how far it reaches, how it is put back.

A kind is proposed, never assumed: until an admin saves the description a tool stays unknown.
"""

from __future__ import annotations

from typing import Final

from inbox.policy.templates.kinds import Inverse, ToolTemplate, role, words
from inbox.policy.words import Effect

_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400

EMAIL: Final = ToolTemplate(
    id="email",
    title="Sends a message",
    effect=Effect.IRREVERSIBLE,
    names=words(
        "send mail", "send email", "send message", "send sms", "post message", "reply", "forward mail",
        "forward email", "compose mail", "compose email", "notify", "direct message", "gmail send", "mail",
    ),
    roles=(
        role("to", "to recipients recipient torecipients toaddress toaddresses emailto toemail emails email address addresses "
                   "channel phone phonenumber number userid user audience segment"),
        role("cc", "cc ccrecipients carboncopy"),
        role("bcc", "bcc bccrecipients"),
        role("subject", "subject title headline"),
        role("body", "body text message content html bodytext messagebody"),
        role("files", "attachments attachment files"),
    ),
    needs=("to",),
    sentence=("Send {subject}", " to {to|list}", ", copy to {cc|list}", ", hidden copy to {bcc|list}",
              ", with {files|count} files", ": {body|first_line}"),
    recipients=("to", "cc", "bcc"),
    presets=(
        "Wrong recipient. Ask which address is meant.",
        "The list of recipients is too wide. Ask for a segment.",
        "The text must not go out like this. Draft it again and show the draft first.",
        "Do not send attachments outside the company.",
    ),
    caution="What has been sent cannot be taken back.",
    texts=frozenset({"email", "e-mail", "message", "sms"}),
)  # fmt: skip

HTTP_READ: Final = ToolTemplate(
    id="http-read",
    title="Fetches an address",
    effect=Effect.READ,
    reads=True,
    names=words("http get", "fetch url", "get url", "fetch page", "fetch webpage", "get webpage", "browse", "open url", "download url", "fetch"),
    roles=(role("url", "url uri link href address endpoint webpage website"), role("headers", "headers")),
    needs=("url",),
    sentence=("Fetch {url}", " with {headers|count} headers"),
    presets=("Do not contact this host.", "Never put data into an address."),
    caution="An address can carry data out: leave Harmless off unless the hosts are limited elsewhere.",
    texts=frozenset({"url", "http"}),
)  # fmt: skip

HTTP_WRITE: Final = ToolTemplate(
    id="http-request",
    title="Calls an address with any method",
    effect=Effect.IRREVERSIBLE,
    names=words("http", "http request", "send request", "curl", "webhook", "post url", "http post", "api call", "call api", "rest"),
    roles=(
        role("method", "method verb httpmethod"),
        role("url", "url uri link href address endpoint path"),
        role("body", "body data json payload content form"),
        role("headers", "headers"),
    ),
    needs=("url",),
    sentence=("Call {url}", " by {method}", " with {body}", " and {headers|count} headers"),
    presets=("Do not contact this host.", "Use GET only.", "The body carries more than is needed."),
    caution="What leaves the organisation cannot be called back.",
    texts=frozenset({"http", "webhook", "request"}),
)  # fmt: skip

SQL: Final = ToolTemplate(
    id="sql",
    title="Runs SQL",
    effect=Effect.WRITE,
    reads=True,
    names=words("sql", "execute query", "run query", "database query", "query database", "db query", "query db", "postgres", "mysql", "bigquery", "snowflake", "execute statement"),
    roles=(
        role("sql", "sql query statement statements command q"),
        role("database", "database db schema connection dsn dataset"),
        role("values", "params parameters values bindings"),
    ),
    needs=("sql",),
    sentence=("Run {sql}", " on {database}", " with {values|list}"),
    presets=(
        "Add a WHERE clause.",
        "Run it as a SELECT first and say how many rows it meets.",
        "Not on this database. Use the replica.",
    ),
    caution="Statements differ: each call is judged by the statements in it as well.",
    texts=frozenset({"sql", "database"}),
)  # fmt: skip

SHELL: Final = ToolTemplate(
    id="shell",
    title="Runs a command",
    effect=Effect.IRREVERSIBLE,
    names=words("bash", "shell", "terminal", "command", "exec", "run command", "execute command", "powershell", "run script", "execute bash", "ssh", "cmd"),
    roles=(
        role("command", "command cmd commands script bash shell code commandline input"),
        role("host", "host hostname server machine container"),
        role("directory", "cwd workdir directory workingdirectory path"),
        role("seconds", "timeout timeoutseconds timeoutms"),
    ),
    needs=("command",),
    sentence=("Run {command}", " in {directory}", " on {host}", ", at most {seconds}"),
    presets=(
        "Show what it would do first (a dry run).",
        "Work inside the project's directory only.",
        "Do not install anything.",
    ),
    caution="A command can do anything: each call is judged by the programs in it as well.",
    texts=frozenset({"shell", "bash", "terminal", "command"}),
)  # fmt: skip

FILE_WRITE: Final = ToolTemplate(
    id="file-write",
    title="Writes a file",
    effect=Effect.WRITE,
    names=words("write file", "save file", "create file", "edit file", "update file", "append file", "put file", "file write", "upload file", "str replace", "patch file", "write"),
    roles=(
        role("path", "path filepath filename file target destination dest key name"),
        role("content", "content contents text data body newstr newtext patch diff"),
        role("old", "oldstr oldtext search find"),
    ),
    needs=("path",),
    sentence=("Write {path}", ", replacing {old|first_line}", ": {content|first_line}"),
    presets=(
        "Not this file.",
        "Write a new file beside it instead of replacing it.",
        "Show the change as a diff first.",
    ),
    caution="Tick Reversible only where earlier versions are kept.",
    texts=frozenset({"file"}),
)  # fmt: skip

GIT: Final = ToolTemplate(
    id="git",
    title="Changes a repository",
    effect=Effect.WRITE,
    names=words("git", "git push", "git commit", "push branch", "create pull", "merge pull", "create branch", "merge branch", "push files", "commit", "merge mr", "open pull"),
    roles=(
        role("repository", "repo repository repositoryname reponame project projectid"),
        role("branch", "branch ref head branchname source sourcebranch"),
        role("base", "base target targetbranch into"),
        role("message", "message commitmessage title subject"),
        role("number", "number pullnumber pr prnumber mriid pullrequest"),
        role("force", "force"),
        role("files", "files paths changes"),
    ),
    needs=(),
    sentence=("Change {repository}", ", branch {branch}", " into {base}", ", number {number}", ", {files|count} files",
              ", force {force}", ": {message|first_line}"),
    rows=("files",),
    scope=("force",),
    presets=("Not on this branch: open a pull request.", "Never force.", "The checks must be green first."),
    texts=frozenset({"git", "repository", "branch", "commit"}),
)  # fmt: skip

_MONEY_ROLES: Final = (
    role("amount", "amount value total sum price amountcents amountusd refundamount paymentamount quantity"),
    role("currency", "currency currencycode ccy"),
    role("party", "customer customerid recipient payee to account accountid iban beneficiary vendor supplier destination user userid"),
    role("source", "from fromaccount sourceaccount paymentmethod paymentmethodid card cardid"),
    role("reference", "charge chargeid order orderid invoice invoiceid payment paymentid transactionid reference ref"),
    role("reason", "reason note memo description message subject"),
)  # fmt: skip

REFUND: Final = ToolTemplate(
    id="refund",
    title="Pays money back",
    effect=Effect.IRREVERSIBLE,
    names=words("refund", "reimburse", "credit note", "issue credit", "chargeback", "store credit"),
    roles=_MONEY_ROLES,
    needs=(),
    sentence=("Refund {amount|money:currency}", " to {party}", " for {reference}", " from {source}", ": {reason|first_line}"),
    amount="amount",
    currency="currency",
    presets=(
        "The amount is more than was paid.",
        "Outside the refund period. Offer a voucher.",
        "Already refunded: look again.",
    ),
    texts=frozenset({"refund"}),
)  # fmt: skip

PAYMENT: Final = ToolTemplate(
    id="payment",
    title="Pays or moves money",
    effect=Effect.IRREVERSIBLE,
    names=words("pay", "payment", "send money", "transfer money", "transfer funds", "send payment", "make payment", "wire", "payout", "charge", "send transaction", "schedule transaction", "purchase", "transfer", "donate"),
    roles=_MONEY_ROLES,
    needs=("amount",),
    sentence=("Pay {amount|money:currency}", " to {party}", " from {source}", " for {reference}", ": {reason|first_line}"),
    amount="amount",
    currency="currency",
    presets=(
        "Unknown recipient: have the account confirmed.",
        "The amount is over what was agreed.",
        "Paid already: look at the ledger.",
    ),
    inverses=(Inverse("schedule", "cancel", (("payment", "reference"),)), Inverse("charge", "refund", (("charge", "reference"),))),
    window=30 * _MINUTE,
    texts=frozenset({"payment", "transfer", "money"}),
)  # fmt: skip

TICKET: Final = ToolTemplate(
    id="ticket",
    title="Opens or changes a ticket",
    effect=Effect.WRITE,
    reversible=True,
    names=words("ticket", "issue create", "create issue", "update issue", "close issue", "create case", "create incident", "add comment", "create task"),
    roles=(
        role("ticket", "ticket ticketid issue issueid issuekey issuenumber case caseid incident task taskid id number"),
        role("project", "project queue board repo repository"),
        role("title", "title summary subject name"),
        role("status", "status state transition resolution"),
        role("assignee", "assignee owner assignedto"),
        role("priority", "priority severity"),
        role("text", "body description comment text content message"),
    ),
    needs=(),
    sentence=("Ticket {ticket}", " in {project}", " {title}", ", status {status}", ", to {assignee}", ", priority {priority}", ": {text|first_line}"),
    presets=("Not this ticket.", "Ask the customer first.", "It exists already: add to it."),
    inverses=(Inverse("create", "close", (("ticket", "ticket"),)), Inverse("open", "close", (("ticket", "ticket"),)),
              Inverse("close", "reopen", (("ticket", "ticket"),))),
    window=30 * _DAY,
    texts=frozenset({"ticket", "issue"}),
)  # fmt: skip

PUBLISH: Final = ToolTemplate(
    id="publish",
    title="Publishes something",
    effect=Effect.IRREVERSIBLE,
    names=words("publish", "post tweet", "create post", "tweet", "release", "deploy", "announce", "post article", "post status"),
    roles=(
        role("item", "page article post document slug id name package title service app"),
        role("place", "channel site platform environment env audience target blog"),
        role("version", "version tag ref build image"),
        role("at", "at when schedule scheduledat date time publishat"),
        role("text", "body text content message status"),
    ),
    needs=(),
    sentence=("Publish {item}", " {version}", " on {place}", " at {at}", ": {text|first_line}"),
    presets=("Not before it has been read by someone.", "Not on this channel.", "Not during the freeze."),
    inverses=(Inverse("publish", "unpublish", (("item", "item"),)), Inverse("deploy", "rollback", (("service", "item"),))),
    window=_HOUR,
    caution="What was public has been seen.",
    texts=frozenset({"publish", "deploy"}),
)  # fmt: skip

FLAG: Final = ToolTemplate(
    id="feature-flag",
    title="Switches a feature",
    effect=Effect.WRITE,
    reversible=True,
    names=words("feature flag", "set flag", "toggle flag", "update flag", "flag", "enable feature", "disable feature", "toggle feature", "set feature", "rollout"),
    roles=(
        role("flag", "flag flagkey feature featureflag key name toggle"),
        role("value", "enabled value state on active variation"),
        role("share", "percentage percent rollout rolloutpercentage share"),
        role("place", "environment env project segment audience"),
    ),
    needs=("flag",),
    sentence=("Set {flag}", " to {value}", " for {share} %", " in {place}"),
    presets=("Start with a smaller share.", "Not in production.", "Not before the metrics are in place."),
    inverses=(Inverse("enable", "disable", (("flag", "flag"),)), Inverse("disable", "enable", (("flag", "flag"),))),
    window=30 * _DAY,
    texts=frozenset({"feature flag", "flag"}),
)  # fmt: skip

TEMPLATES: Final[tuple[ToolTemplate, ...]] = (
    EMAIL, HTTP_READ, HTTP_WRITE, SQL, SHELL, FILE_WRITE, GIT, REFUND, PAYMENT, TICKET, PUBLISH, FLAG,
)  # fmt: skip
