"""What the verbs in tool names mean, as data. Base forms: `deleted_items` and `updates` are nouns, `delete` acts.

`NOUNS_TOO` are verbs that stand as nouns in names just as often (`get_order`, `list_messages`): they act only where
no plain verb says otherwise.
"""

from __future__ import annotations

from typing import Final

from inbox.policy.naming import lexicon

# They return something and change nothing.
READ: Final = lexicon("""
browse cat check compare count describe diff display download enumerate explain fetch find get glob grep head history
identify inspect list load lookup ls peek ping preview poll pull query read recall recommend retrieve scan search see
select show stat stats status suggest summarize summary tail tell track verify validate view watch wc whoami look
locate observe examine review explore discover ask check lint
""")  # fmt: skip

# They compute with what they are given.
COMPUTE: Final = lexicon("""
analyse analyze average calc calculate classify compute convert decode detect encode estimate evaluate
extrapolate geocode geocoding interpolate logarithm max mean median min mode parse percentage power predict
rank reason round score solve sort sqrt stddev sum think tokenize transcribe translate uniq
""")  # fmt: skip

# They move the agent's own eyes and hands over to the next thing, and nobody else notices.
LOCAL: Final = lexicon("cd noop pwd reflect scroll wait sleep think")

# They change something inside; most of it can be put back, and nothing here knows that it can.
WRITE: Final = lexicon("""
accept activate add adjust amend annotate add append apply archive assign attach bind bookmark cache change clone close
commit complete configure connect copy correct cp create customize deactivate decline define deny disable disconnect
dismiss draft duplicate edit enable enter extend fill finish fix flag fork generate hide import increase init
initialize input insert install join label leave link lock log login logout make manage mark
merge mkdir modify mount move mute mv normalize notify open organize organise override park patch pause pin
prepare press put reboot rebase reduce refactor register relocate remind rename reopen replace reschedule
reseat reset resize resolve restart restore resume retry revert rotate save schedule set setup sign skip start stop
store submit subscribe suspend swap switch sync tag toggle touch turn type undo unarchive unhide unlock unmute unpin
unsubscribe untag update upgrade upload upsert use write compress unzip zip follow unfollow like unlike
react vote rate pair mint provision scale drive steer accelerate brake cook dispense inject administer prescribe
redirect manipulate control operate disarm quarantine unwatch go come pick place bring clean wash
""")  # fmt: skip

# Something leaves: it is said to people or given to others, and cannot be unsaid.
SEND: Final = lexicon("""
alert announce broadcast call comment contact deliver dial disclose dispatch distribute dm email expose export
forward invite mail mention message notify page post publish push reply report respond retweet send share signal sms
submit text transmit tweet
""")  # fmt: skip

# Something is gone afterwards.
DESTROY: Final = lexicon("""
cancel clear delete destroy discard drop empty erase evict expire kill nuke prune purge reject remove
abort annihilate detonate eject expunge nullify obliterate overwrite rm rmdir shred shutdown terminate truncate uninstall unlink unpublish void wipe decommission
""")  # fmt: skip

# Money moves, or an obligation begins.
MONEY: Final = lexicon("""
book buy charge checkout credit debit deposit donate exchange fund invest order pay purchase reimburse refund
refuel remit rent return sell settle spend stake swap tip topup trade transfer withdraw bid lend borrow bet
""")  # fmt: skip

# Somebody may do more, or less, than before.
ACCESS: Final = lexicon("""
allow approve authenticate authorize authorise ban block certify delegate demote elevate enroll freeze give grant
impersonate issue permit promote release revoke trust unban unblock unfreeze whitelist blacklist
""")  # fmt: skip

# Code or commands run; what they do stands in the arguments.
RUN: Final = lexicon("""
bash build compile deploy eval exec execute execution invoke launch migrate playbook powershell replay run script shell spawn
ssh sudo terminal trigger
""")  # fmt: skip

NOUNS_TOO: Final = lexicon("""
access alert answer apply archive bid block book brake bookmark cache call cancel change charge clean close clone comment commit
complete contact control copy correct count cook credit debit deposit dispatch display document donate draft drive drop
email empty exchange export fix flag follow fork fund grant head history increase decrease invite issue invoice invest join label launch leave
like link load lock log look mail map mark mention merge message mode mount move mute notify open order page park patch
pause pay permit pick pin ping place post power press prescribe pull push purchase query rank rate react read record
refund release rent reply report request reset resolve response return review run save scale schedule score script search
set share shell shutdown sign signal sms sort split stake start state stats status stop store submit sum summary
swap switch tag tail terminal test text tip title touch track trade transfer trigger trust tweet type upgrade upload use
view vote wait watch withdraw write clear zip power min max mean round call lead
""")  # fmt: skip

# Nouns too, but behind a reading verb they act on what follows them (`view_drop_table`), unless that is a property of
# theirs (`get_drop_rate`, `check_write_access`).
ACT_ON_WHAT_FOLLOWS: Final = (DESTROY & NOUNS_TOO) - {"empty"} | lexicon(
    "donate invest pay transfer withdraw write"
)
PROPERTIES: Final = lexicon("""
access address alert alerts charge charges code codes confirmation count counts date dates detail details down eligibility fee fees
form grade history id ids info information level limit limits link list location lock log logs message number numbers off option
options out period permission permissions policies policy point points price procedure rate rates reason reasons record records
request requests result results rule rules score setting settings slip slips speed stat stats state status stub stubs summary time
times type types up ups window zone zones
""")

# They read only where they stand alone: `user_history`, `show_status`; `update_status` is about its other verb.
QUIET: Final = lexicon("head history mode power score stat stats status summary min max mean")

# In a browser they fetch a page; a robot or a car goes somewhere.
BROWSING: Final = frozenset({"navigate", "goto", "visit", "open"})
BROWSERS: Final = frozenset({"browser", "page", "site", "url", "web", "webpage", "website"})

# Words that join two verbs: `create_or_update`, `find_and_replace`.
JOINING: Final = frozenset({"and", "or", "then"})
