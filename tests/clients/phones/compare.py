"""Reads numbers of every region by Google's libphonenumber and by Agentry, and tells where the two differ and why.

    compare.py PROGRAM

PROGRAM answers each line "region TAB number" with the number in E.164, or nothing. What is compared is made of the example numbers of
Google's metadata: of each region and kind, as it is written at home, from abroad and in full, with digits changed, added and left
out, and of numbers that are digits and nothing else. Google's side is what it parses, when the number is valid or is as long as mobile
numbers of its country are. Prints JSON: how many, and each difference under what explains it.
"""

import json
import random
import subprocess
import sys

import phonenumbers as p
from phonenumbers import PhoneMetadata, PhoneNumberFormat as Form, PhoneNumberType as Kind, ValidationResult

E164 = Form.E164


def written(region, number, dice):
    """The ways in which one number is written, right and wrong, each with the region of who reads it."""
    code, own = str(number.country_code), p.national_significant_number(number)
    national, international = p.format_number(number, Form.NATIONAL), p.format_number(number, Form.INTERNATIONAL)
    for reader in (region, "US", "GB", "DE"):
        yield reader, p.format_number(number, E164)
        yield reader, international
    yield region, p.format_number(number, Form.RFC3966)
    for reader in ("GB", "US"):
        yield reader, p.format_out_of_country_calling_number(number, reader)
        yield reader, code + own
    yield region, "00" + code + own
    for reader, text in ((region, national), ("US", national)):
        yield reader, text
    metadata = PhoneMetadata.metadata_for_region(region, None)
    prefix = (metadata.national_prefix if metadata else None) or "0"
    yield from ((region, text) for text in (own, code + own, prefix + own, "0" + own, "8" + own))
    changed = [own[:-1], own[:-2] + "9", own + "7", "0" + own, "1" + own, prefix + own]
    for _ in range(3):
        at = dice.randrange(len(own))
        changed.append(own[:at] + str(dice.randrange(10)) + own[at + 1 :])
    yield from ((region, "+" + code + text) for text in changed)


def samples():
    dice, rows = random.Random(164), set()
    kinds = [kind for kind in Kind.values() if kind != Kind.UNKNOWN]
    for region in sorted(p.SUPPORTED_REGIONS):
        for kind in kinds:
            number = p.example_number_for_type(region, kind)
            if number is not None:
                rows.update(written(region, number, dice))
        code = p.country_code_for_region(region)
        for length in range(3, 16):
            for _ in range(2):
                digits = "".join(dice.choice("0123456789") for _ in range(length))
                rows.update(((region, f"+{code}{digits}"), (region, digits)))
    for code in p.COUNTRY_CODES_FOR_NON_GEO_REGIONS:
        number = p.example_number_for_non_geo_entity(code)
        if number is not None:
            rows.update((reader, p.format_number(number, form)) for reader in ("GB", "US") for form in (E164, Form.INTERNATIONAL))
    # What a telephone has no key for, and extensions, are refused by Agentry before a number is read; that is tested elsewhere.
    return sorted(row for row in rows if all(c in "+0123456789 -./()~:telTEL" for c in row[1]))


def google(region, text):
    try:
        number = p.parse(text, region)
    except p.NumberParseException:
        return "", False
    possible = p.is_possible_number_for_type_with_reason(number, Kind.MOBILE) == ValidationResult.IS_POSSIBLE
    valid = p.is_valid_number(number)
    return (p.format_number(number, E164) if valid or possible else ""), valid


def explained(region, text, theirs, valid, ours):
    """Which of Agentry's rules of its own makes the difference; None: none does."""
    digits = "".join(c for c in text if c.isdigit())
    international = text.strip().startswith("+") or text.startswith("tel:+")
    if not international and digits.startswith("00"):
        again, _ = google(region, "+" + digits[2:])
        if again == ours or ours == "":
            return "00 begins a country's code everywhere, not where it is dialled so alone"
    if international and theirs and not ours and not valid and theirs[1:] != digits:
        return "digits that had to be left out of what is written in full, and a number that nobody has been given"
    if ours and not theirs and digits.startswith("521") and ours == "+52" + digits[3:]:
        return "the older form of Mexico's mobile numbers, which WhatsApp shows still"
    if theirs and not ours and not 7 <= len(theirs) - 1 <= 15:
        return "more digits than E.164 has, or fewer than anybody's number"
    return None


def main(program):
    rows = samples()
    lines = "".join(f"{region}\t{text}\n" for region, text in rows)
    told = subprocess.run([program], input=lines, capture_output=True, text=True, check=True).stdout.split("\n")[:-1]
    assert len(told) == len(rows), (len(told), len(rows))
    differences, taken = {}, 0
    for (region, text), ours in zip(rows, told):
        theirs, valid = google(region, text)
        taken += bool(theirs)
        if ours != theirs:
            why = explained(region, text, theirs, valid, ours) or "not explained"
            differences.setdefault(why, []).append({"region": region, "text": text, "google": theirs, "agentry": ours})
    json.dump(
        {
            "numbers": len(rows),
            "regions": len({region for region, _ in rows}),
            "taken": taken,
            "differences": {why: {"count": len(all_), "examples": all_[:5]} for why, all_ in sorted(differences.items())},
        },
        sys.stdout,
        ensure_ascii=False,
        indent=1,
    )


main(sys.argv[1])
