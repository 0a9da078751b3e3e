// Presses that meant something else: what is under a finger may have changed since it was aimed.

// So long before it comes down, a finger is on its way to what was seen then.
const SEEN_MS = 400;
// The second tap of a double tap is at the same place as the first, and not meant for what that brought.
const DOUBLE_MS = 500;
const SAME_PX = 30;

let [press, earlier] = [null, null];

window.addEventListener("pointerdown", ({ timeStamp, clientX, clientY, target }) => {
  [earlier, press] = [press, { at: timeStamp, x: clientX, y: clientY, target }];
}, true);

// By button: what a press of it means, and since when it has meant that where it is.
const meanings = new WeakMap();
const since = new WeakMap();

// Let a press of a button `act`, and one that was aimed at something else be `missed`.
export function onPress(button, meaning, act, missed) {
  meanings.set(button, meaning);
  button.addEventListener("click", ({ detail, timeStamp }) => {
    // By a key, or by a program that reads the page aloud, it is meant: `detail` is 0.
    if (!detail) return act();
    // Without one of this button, the click is of a program.
    const down = button.contains(press?.target) ? press : { at: timeStamp };
    if (isSecond(down)) return;
    if (down.at - since.get(button) < SEEN_MS) return missed();
    act();
  });
}

const isSecond = ({ at, x, y }) => earlier !== null && at - earlier.at < DOUBLE_MS
  && Math.hypot(x - earlier.x, y - earlier.y) < SAME_PX;

// Draw the buttons of `root` anew. One that means the same at the same place has been there all along.
export function watchingPresses(root, draw) {
  const before = placed(root);
  draw();
  for (const [key, now] of placed(root)) {
    const was = before.get(key);
    const same = was && ["meaning", "left", "top"].every((name) => was[name] === now[name]);
    since.set(now.button, same ? since.get(was.button) : performance.now());
  }
}

function placed(root) {
  return new Map([...root.querySelectorAll("button")].filter((button) => meanings.has(button)).map((button) => {
    const { left, top } = button.getBoundingClientRect();
    return [button.dataset.key, { button, meaning: meanings.get(button), left: Math.round(left), top: Math.round(top) }];
  }));
}
