"""The file of rules and targets, in TOML.

```toml
[targets.phone]
kind = "ntfy"                             # or "webhook", "mqtt"
url = "https://ntfy.sh/a-topic-nobody-guesses"
token_file = "/run/secrets/ntfy"          # optional

[targets.home]
kind = "mqtt"                             # Home Assistant discovers it
url = "mqtts://broker.home"
username = "egolog"
password_file = "/run/secrets/mqtt"

[[rules]]
name = "siren"
when = "far siren > 0.8"                  # schemas/notification.py
notify = ["phone", "home"]
cool_down = "10 min"                      # these four are optional
not_older_than = "1 h"
device = "glasses-01"
```

If the address itself is secret, `url_file` names a file that holds it. Paths are relative to the
rules file.
"""

from __future__ import annotations

import tomllib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, model_validator

from infra.errors import SettingsError
from infra.secrets import MASK, mask_urls, read_secret
from infra.settings import env_name
from infra.validation import first_problem
from schemas.message import DeviceId
from schemas.notification import Rule, RuleError, duration_s, parse_condition

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from schemas.notification import Kind

_SCHEMES = {
    "webhook": ("http", "https"),
    "ntfy": ("http", "https"),
    "mqtt": ("mqtt", "mqtts"),
}
_SECRETS = ("url", "token", "password")
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9 ._-]{0,63}$")]
TargetName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]


class Target(BaseModel):
    """A notification target; its credentials are secret, and its address may contain secrets."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    kind: Literal["webhook", "ntfy", "mqtt"]
    url: SecretStr
    token: SecretStr | None = None
    username: str | None = None
    password: SecretStr | None = None
    ca: Path | None = None
    discovery: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]+$")] = "homeassistant"

    @model_validator(mode="after")
    def _address_fits(self) -> Target:
        address = urlsplit(self.url.get_secret_value())
        schemes = _SCHEMES[self.kind]
        try:
            whole = address.scheme in schemes and address.hostname and address.port != 0
        except ValueError:
            whole = False
        if not whole:
            raise ValueError(f"url is no address of a {self.kind}; expected {schemes[0]}://HOST")
        if address.username is not None:
            raise ValueError("url holds a user; expected username and password_file, or token_file")
        if self.kind == "ntfy" and len(address.path.strip("/").split("/")[-1]) == 0:
            raise ValueError("url names no topic; expected one like https://ntfy.sh/TOPIC")
        if self.kind == "mqtt" and self.token is not None:
            raise ValueError("token is none of mqtt's; expected username and password_file")
        if self.kind != "mqtt" and (self.username or self.password):
            raise ValueError(f"username is none of {self.kind}'s; expected token_file")
        if self.password is not None and self.username is None:
            raise ValueError("password is without a username; expected both")
        return self

    @property
    def masked_address(self) -> str:
        """The address with secrets masked."""
        address = urlsplit(self.url.get_secret_value())
        hidden = f"/{MASK}" if address.path.strip("/") or address.query else ""
        return f"{address.scheme}://{address.netloc}{hidden}"


@dataclass(frozen=True)
class NotificationPlan:
    """The file's content: rules in order, targets by name."""

    rules: tuple[Rule, ...]
    targets: Mapping[str, Target]


class _RuleFields(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: Name
    when: str
    notify: list[TargetName] = Field(min_length=1, max_length=16)
    cool_down: str = "10 min"
    not_older_than: str = "1 h"
    device: DeviceId | None = None


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    targets: dict[TargetName, Target]
    rules: list[_RuleFields] = Field(max_length=100)


def read_plan(path: Path, names: Mapping[Kind, Collection[str]]) -> NotificationPlan:
    """Parse the file; `names` are the names that rules may refer to, by kind.

    Raises `SettingsError`, whose text holds no secret.
    """
    try:
        fields = tomllib.loads(path.read_text(encoding="utf-8-sig"))
        _read_files(fields, path.parent)
        file = _File.model_validate(fields)
        rules = tuple(_rule(each, file.targets, names) for each in file.rules)
        [(name, count), *_] = Counter(rule.name for rule in rules).most_common(1) or [("", 0)]
        if count > 1:
            raise RuleError(f"rule {name!r} is there {count} times; expected names of their own")
    except (OSError, ValueError) as error:
        raise SettingsError(
            f"setting {env_name('notifications')} has value '{path}': {_why(error)}"
        ) from None
    return NotificationPlan(rules, file.targets)


def _read_files(fields: dict[str, Any], folder: Path) -> None:
    """Replace the `*_file` fields by the secrets in those files."""
    targets = fields.get("targets")
    for name, target in targets.items() if isinstance(targets, dict) else ():
        if not isinstance(target, dict):
            continue
        for secret in _SECRETS:
            file = target.pop(f"{secret}_file", None)
            if file is None:
                continue
            if secret in target:
                raise RuleError(f"target {name!r} has {secret} and {secret}_file; expected one")
            try:
                target[secret] = read_secret(folder / str(file))
            except (OSError, ValueError) as error:
                why = getattr(error, "strerror", None) or str(error)
                raise RuleError(
                    f"{secret}_file of target {name!r} cannot be read ({why})"
                ) from None
        if "ca" in target:
            target["ca"] = folder / str(target["ca"])


def _rule(
    fields: _RuleFields, targets: Mapping[str, Target], names: Mapping[Kind, Collection[str]]
) -> Rule:
    for target in fields.notify:
        if target not in targets:
            known = ", ".join(targets) or "none yet"
            raise RuleError(
                f"rule {fields.name!r} tells {target!r}; expected one of the targets: {known}"
            )
    try:
        return Rule(
            fields.name,
            " ".join(fields.when.split()),
            parse_condition(fields.when, names),
            tuple(dict.fromkeys(fields.notify)),
            duration_s(fields.cool_down),
            duration_s(fields.not_older_than),
            fields.device,
        )
    except RuleError as error:
        raise RuleError(f"rule {fields.name!r}: {error}") from None


def _why(error: OSError | ValueError) -> str:
    if isinstance(error, ValidationError):
        return first_problem(error, "the file")
    if isinstance(error, OSError):
        return f"the file cannot be read ({error.strerror})"
    if isinstance(error, UnicodeDecodeError):
        return "the file is not UTF-8 text"
    return mask_urls(str(error))
