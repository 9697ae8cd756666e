"""How many people a trouble reaches (advice A13, rule R13)."""

from emberwatch.model.incident import Incident


def reach_of(incident: Incident) -> int:
    """Return how many people follow those who spoke: each author counts once.

    An alert may know of more who spoke than stand in evidence: the greater figure holds.
    """
    followers: dict[str, int] = {}
    for post in incident.exhibits:
        who = post.author or post.post_id
        followers[who] = max(followers.get(who, 0), post.followers or 0)
    return max(sum(followers.values()), max(alert.reach for alert in incident.alerts))
