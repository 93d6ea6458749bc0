"""All scenarios: importing them puts them into frame.SCENARIOS, in this order."""

# pylint: disable=unused-import
import scenarios_process  # noqa: F401
import scenarios_network  # noqa: F401
import scenarios_redis  # noqa: F401
import scenarios_memory  # noqa: F401
import scenarios_roles  # noqa: F401
import scenarios_file  # noqa: F401
import scenarios_limits  # noqa: F401
import scenarios_journal  # noqa: F401
