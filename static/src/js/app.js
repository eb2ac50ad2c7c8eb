import * as clock from "./clock.js";
import * as decide from "./decide.js";
import * as extras from "./extras.js";
import * as guard from "./guard.js";
import * as keys from "./keys.js";
import * as live from "./live.js";
import * as looking from "./looking.js";
import * as rove from "./rove.js";

document.documentElement.dataset.js = "";
// The guard first: its listeners must stand before all others.
for (const part of [guard, rove, keys, clock, decide, extras, live, looking]) part.start();
