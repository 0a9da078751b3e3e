// One colour per scenario: hues by family, shades chosen so that every two of the sixteen stay apart
// for normal sight and for each kind of colour blindness (tests/streams/web/test_palette.py).

export const PALETTE = {
  "Cooking": "#925301",
  "Eating": "#cc8b00",
  "Household cleaners": "#ebb272",
  "Cleaning / laundry": "#dce796",
  "Daily hygiene": "#35b2cf",
  "Reading books": "#b2e7ff",
  "Working at desk": "#3d48a4",
  "Participating in a meeting": "#8586eb",
  "Talking with friends/housemates": "#6f3170",
  "Watching tv": "#925ab1",
  "Walking on street": "#3c8e81",
  "Walking the dog / pet": "#78d7b6",
  "Car - commuting, road trip": "#8c1c27",
  "Grocery shopping indoors": "#c86048",
  "Working out at home": "#a3a390",
  "Handyman": "#60636d",
};

export const OTHER = "Other";
const OTHER_COLOUR = "#8a8d94";

// What resembled no scenario: hatched (index.html), so that it is neither a gap nor a scenario.
export const UNKNOWN = "Unknown";
const HATCHING = "url(#hatching)";

// Short forms of Ego4D's long names, for narrow places.
const SHORT = {
  "Cleaning / laundry": "Laundry",
  "Participating in a meeting": "Meeting",
  "Talking with friends/housemates": "Talking",
  "Walking on street": "Walking",
  "Walking the dog / pet": "Dog walk",
  "Car - commuting, road trip": "Car",
  "Grocery shopping indoors": "Groceries",
  "Working out at home": "Workout",
  "Working at desk": "Desk work",
  "Household cleaners": "Housework",
  "Daily hygiene": "Hygiene",
  "Reading books": "Reading",
  "Watching tv": "TV",
};

const ORDER = new Map(Object.keys(PALETTE).map((name, index) => [name, index]));

export const colour = (name) => (Object.hasOwn(PALETTE, name) ? PALETTE[name]
  : name === UNKNOWN ? HATCHING : OTHER_COLOUR);

export const short = (name) => (Object.hasOwn(SHORT, name) ? SHORT[name] : name);

export function byFamily(a, b) {
  const [left, right] = [ORDER.get(a) ?? ORDER.size, ORDER.get(b) ?? ORDER.size];
  return left - right || (a < b ? -1 : a > b ? 1 : 0);
}

// Black or white, whichever reads better on the colour (WCAG relative luminance).
export function ink(background) {
  if (background === HATCHING) return "var(--ink)";
  const part = (at) => {
    const value = parseInt(background.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  };
  const luminance = 0.2126 * part(1) + 0.7152 * part(3) + 0.0722 * part(5);
  return luminance > 0.179 ? "#111317" : "#ffffff";
}
