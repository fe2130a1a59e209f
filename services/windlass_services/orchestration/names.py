"""Names for runs that were given none: an adjective and a noun, easy to say and to look for."""

from typing import Final


def run_name(random: int) -> str:
    """One of some ten thousand names, chosen by a random number that is not negative."""
    rest, adjective = divmod(random, len(_ADJECTIVES))
    return f"{_ADJECTIVES[adjective]}-{_NOUNS[rest % len(_NOUNS)]}"


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_ADJECTIVES: Final = _words(
    "able agile amber ample azure balmy bold brave breezy bright brisk calm candid careful "
    "cheerful civil clear clever coastal cool copper coral cordial crisp curious daring dapper "
    "deft distant eager early earnest easy elated even fabled fair faithful famous fearless fine "
    "fleet floral fluent fond frank fresh frosty gallant gentle glad golden graceful grand great "
    "handy happy hardy hearty honest humble ideal jolly jovial just keen kind lasting lively "
    "lofty loyal lucid lucky mellow merry mighty mild modest neat nimble noble open patient "
    "placid plucky polar polished proud quick quiet ready robust rosy royal rugged salty sandy "
    "serene sharp silent silver sincere smooth snug solid spry starry steady stellar still stout "
    "sturdy subtle sunny supple swift tender tidal tidy true trusty upbeat valiant vivid warm "
    "willing windy wise witty worthy zesty"
)

_NOUNS: Final = _words(
    "albatross anchor anvil astrolabe atoll auk avocet barge barque bay beacon bellows bollard "
    "boom bosun breaker brig buoy cable canal canvas capstan captain cargo chart chisel clipper "
    "coble compass cove coxswain crane cutter cypress dinghy dock dolphin dory drifter dune "
    "eddy egret ensign estuary fathom ferry fjord flagship fleet flotilla forge frigate gale "
    "galley gannet gear gull hammer harbour hatch haven hawser headland heron hoist hull island "
    "jetty kayak keel kestrel ketch lagoon lantern lathe ledger lever lighthouse linnet lock "
    "longship lugger mainsail mallet mariner marlin marsh mast mill mooring narwhal navigator "
    "oar orca osprey otter outrigger paddle pelican petrel pier pilot piston plover porpoise port "
    "puffin pulley quay ratchet raft reef rigging river rudder sail sailor schooner seal sextant "
    "shackle shanty shoal shore skiff skipper sloop sounding spar spindle starling steamer stern "
    "strait surf tern tide tiller topsail trawler tugboat turbine voyage walrus warden wave "
    "whaler wharf wheel winch windlass yacht yawl"
)
