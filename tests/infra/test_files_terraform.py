"""The Terraform files parse, hold together, and open nothing to anybody who need not have it."""

import re
from itertools import groupby
from typing import Any

import hcl2
import pytest

from config.settings import Settings
from tests.infra.files import INFRA

PATHS = sorted((INFRA / "terraform").glob("*.tf"))
TEXTS = {path.name: path.read_text(encoding="utf-8") for path in PATHS}
ALL = "\n".join(TEXTS.values())
CODE = re.sub(r"^ *#.*$", "", ALL, flags=re.MULTILINE)
ACTION = re.compile(r"^s3:(Get|Put|List|Delete|Abort)\w+$")


def plain(value: Any) -> Any:
    """What was parsed, without the quotes that the parser keeps around texts and labels."""
    if isinstance(value, dict):
        return {plain(k): plain(v) for k, v in value.items() if not str(k).startswith("__")}
    if isinstance(value, list):
        return [plain(each) for each in value]
    return value.strip('"') if isinstance(value, str) else value


def blocks(kind: str) -> dict[str, Any]:
    """Every block of a kind, by its labels joined with a dot."""
    parsed = [plain(hcl2.loads(text)) for text in TEXTS.values()]
    return {
        ".".join(labels): body
        for each in parsed
        for block in each.get(kind, [])
        for labels, body in _labelled(block, 2 if kind in ("resource", "data") else 1)
    }


def _labelled(block: dict[str, Any], depth: int) -> list[tuple[list[str], Any]]:
    if depth == 0:
        return [([], block)]
    return [
        ([label, *rest], body)
        for label, inner in block.items()
        for rest, body in _labelled(inner, depth - 1)
    ]


@pytest.fixture(scope="module")
def resources() -> dict[str, Any]:
    """Every resource, by type and name."""
    return blocks("resource")


@pytest.fixture(scope="module")
def statements() -> list[tuple[str, Any]]:
    """Every statement of every policy, with the policy's name."""
    found = [(name, each) for name, doc in blocks("data").items() for each in doc["statement"]]
    return [(name.removeprefix("aws_iam_policy_document."), each) for name, each in found]


def test_variables_are_declared_and_used() -> None:
    """Every variable that is used is declared, with a type and a description, and the other way."""
    declared = blocks("variable")
    assert set(re.findall(r"\bvar\.(\w+)", CODE)) == set(declared)
    assert all(each["description"] and each["type"] for each in declared.values())
    assert all(each["description"] for each in blocks("output").values())


def test_references_lead_somewhere(resources: dict[str, Any]) -> None:
    """Every resource, document and local that is named exists, and every local is named."""
    known = {**resources, **blocks("data")}
    named = re.findall(r"\b(?:data\.)?(aws_\w+\.\w+)\b", CODE)
    assert set(named) <= set(known)
    local = {name for text in TEXTS.values() for name in _locals(text)}
    assert set(re.findall(r"\blocal\.(\w+)", CODE)) == local


def _locals(text: str) -> list[str]:
    return [name for block in re.findall(r"^locals \{\n(.*?)^\}", text, re.M | re.S)
            for name in re.findall(r"^  (\w+) += ", block, re.M)]  # fmt: skip


def test_versions_are_pinned() -> None:
    """Terraform and its provider are held to a major version, and no other provider is needed."""
    assert 'required_version = ">= 1.9.0, < 2.0.0"' in ALL
    assert re.search(r'source  = "hashicorp/aws"\n +version = "~> \d+\.\d+"', ALL)
    assert {name.split("_")[0] for name in blocks("resource")} == {"aws"}


def test_policies_allow_little(statements: list[tuple[str, Any]]) -> None:
    """What is allowed is named; wildcards only deny; nobody may delete a version."""
    for name, each in statements:
        if each.get("effect") == "Deny":
            assert each["condition"][0]["variable"] == "aws:SecureTransport"
            continue
        assert all(ACTION.match(action) for action in each["actions"]), name
        assert "s3:DeleteObjectVersion" not in each["actions"], name
        assert all(target.startswith("${local.") for target in each["resources"]), name
        assert "principals" not in each, name
    assert sum(each.get("effect") == "Deny" for _, each in statements) == 1


def test_everybody_gets_what_they_need(statements: list[tuple[str, Any]]) -> None:
    """The worker writes all but landing, MLflow only reads artifacts, deliveries only go in."""
    allowed: dict[str, set[tuple[str, str]]] = {}
    for name, each in statements:
        pairs = {
            (action, target[2:-1]) for action in each["actions"] for target in each["resources"]
        }
        allowed.setdefault(name, set()).update(pairs)
    written = {target for action, target in allowed["worker"] if action == "s3:PutObject"}
    kept = ("lake", "log", "index", "artifacts")
    assert written == {f"local.under.{name}" for name in kept}
    assert ("s3:ListBucketVersions", "local.bucket") in allowed["worker"]
    assert ("s3:GetObject", "local.under.landing") in allowed["worker"]
    assert allowed["mlflow"] == {
        ("s3:ListBucket", "local.bucket"),
        ("s3:GetObject", "local.under.artifacts"),
    }
    assert {action for action, _ in allowed["landing_writer"]} == {
        "s3:PutObject",
        "s3:AbortMultipartUpload",
    }
    assert {target for _, target in allowed["landing_writer"]} == {"local.under.landing"}


def test_prefixes_are_those_of_the_settings() -> None:
    """The policies' prefixes are where the program keeps each of them."""
    block = TEXTS["bucket.tf"].partition("prefixes = {")[2].partition("}")[0]
    prefixes = dict(re.findall(r'(\w+) += "(\w+)"', block))
    ours = Settings.from_environment({"RATCHET_STORAGE": "s3://bucket"})
    kept = {
        "landing": ours.landing,
        "lake": ours.lake,
        "log": ours.log,
        "index": ours.index,
        "artifacts": ours.artifacts,
    }
    assert {name: f"s3://bucket/{prefix}" for name, prefix in prefixes.items()} == {
        name: str(place) for name, place in kept.items()
    }


def test_bucket_keeps_and_hides(resources: dict[str, Any]) -> None:
    """The bucket is versioned, encrypted and private, and only artifacts' old versions expire."""
    of = {name.partition(".")[0]: body for name, body in resources.items()}
    assert of["aws_s3_bucket"]["lifecycle"][0]["prevent_destroy"] is True
    versioning = of["aws_s3_bucket_versioning"]["versioning_configuration"][0]
    assert versioning["status"] == "Enabled"
    assert 'sse_algorithm = "AES256"' in TEXTS["bucket.tf"]
    block = of["aws_s3_bucket_public_access_block"]
    flags = {name: value for name, value in block.items() if name != "bucket"}
    assert flags == dict.fromkeys(
        ("block_public_acls", "block_public_policy", "ignore_public_acls",
         "restrict_public_buckets"), True,
    )  # fmt: skip
    rules = of["aws_s3_bucket_lifecycle_configuration"]["rule"]
    assert not any("expiration" in rule for rule in rules)
    assert [rule["filter"][0] for rule in rules if "noncurrent_version_expiration" in rule] == [
        {"prefix": "${local.prefixes.artifacts}/"}
    ]


def test_database_is_private(resources: dict[str, Any]) -> None:
    """The database is encrypted, backed up, hard to delete, and reached by named groups only."""
    database = resources["aws_db_instance.ratchet"]
    wanted = {
        "storage_encrypted": True,
        "publicly_accessible": False,
        "manage_master_user_password": True,
        "deletion_protection": True,
        "skip_final_snapshot": False,
        "backup_retention_period": "${var.backup_days}",
    }
    assert wanted.items() <= database.items()
    assert "password" not in database
    assert database["lifecycle"][0]["prevent_destroy"] is True
    assert database["engine_version"] == "17"
    assert resources["aws_db_parameter_group.ratchet"]["family"] == "postgres17"
    assert "cidr" not in CODE
    assert "egress" not in CODE


@pytest.mark.parametrize("name", sorted(TEXTS))
def test_format_is_terraforms(name: str) -> None:
    """Two spaces a level, `=` aligned in neighbouring lines, no tab, no blank at a line's end."""
    lines = TEXTS[name].splitlines()
    assert TEXTS[name].endswith("}\n")
    assert not [line for line in lines if line != line.rstrip() or "\t" in line]
    depth = 0
    for line in lines:
        code = line.strip()
        opened = len(re.findall(r"[{\[(]", code)) - len(re.findall(r"[}\])]", code))
        depth += min(opened, 0)
        assert not code or len(line) - len(line.lstrip()) == 2 * depth, line
        depth += max(opened, 0)
    for key, neighbours in groupby(lines, _shape):
        if key:
            assert len({line.index(" = ") for line in neighbours}) == 1


def _shape(line: str) -> tuple[int, ...]:
    """Lines that are aligned with each other: one-line attributes of the same level."""
    single = re.match(r"^( *)[\w.]+ += .*[^{\[(]$", line)
    return (len(single[1]) + 1,) if single else ()
