/* Connects the map, which Bokeh draws, with the spectrograms and sounds stored in the page. */
"use strict";

const NEAR_PX = 25; // a pointer farther than this from all points selects none
const NARROW_PX = 620;
const N_MEMBERS = 30;

const part = (id) => document.getElementById(id);
const bytesOf = (text) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0));

/* Decompress Bokeh, and then insert the panels, which need it. */
(async () => {
  const packed = new Blob([bytesOf(part("library").textContent)]).stream();
  const script = document.createElement("script");
  script.textContent = await new Response(
    packed.pipeThrough(new DecompressionStream("gzip")),
  ).text();
  document.head.append(script);
  document.body.append(part("panels").content);
})().catch((error) => {
  part("failed").hidden = false;
  throw error;
});

// Bokeh calls this function with its models once they are drawn.
globalThis.startExplorer = async (models) => {
  const carried = JSON.parse(part("carried").textContent);
  const [syllables, features] = await Promise.all(
    ["syllables", "features"].map((name) => readAtlas(part(`${name}-atlas`), carried[name])),
  );
  const points = models.points.data_source;
  const { x, y } = points.data;
  const indices = [...x.keys()];
  const inTime = carried.in_time;
  const dots = ["glyph", "selection_glyph", "nonselection_glyph"].map((kind) => models.points[kind]);
  const typical = models.syllable.x_range.end;
  const clusters = Array.from(document.querySelectorAll("[data-cluster]"), (button) => {
    const label = Number(button.dataset.cluster);
    return { button, label, members: indices.filter((i) => carried.cluster[i] === label) };
  });
  let now = -1;
  let pinned = null; // the last one clicked or gone to, shown again when the pointer leaves
  const sounds = makeSounds(carried, models.line, () => now);

  /* The syllable on display. */

  const words = (i) => {
    const of = (name, digits, unit) => {
      const value = carried[name][i];
      return value === null ? "unknown" : `${value.toFixed(digits).replace("-", "−")} ${unit}`;
    };
    const from = carried.recording.length ? ` of ${carried.recording[i]}` : "";
    return (
      `${of("duration_ms", 1, "ms")}, mean ${of("mean_frequency_khz", 1, "kHz")}, ` +
      `slope ${of("slope_khz_per_ms", 2, "kHz/ms")}, cluster ${carried.cluster[i]}, ` +
      `at ${of("onset_s", 3, "s")}${from}`
    );
  };

  const show = (i) => {
    if (i === now) return;
    now = i;
    models.ring.data = { x: [x[i]], y: [y[i]] };
    const length = carried.n_frames[i] * carried.hop_ms;
    draw(models.spectrogram, syllables(i), carried.highest, length);
    models.syllable.x_range.end = Math.max(length, typical);
    part("now-name").textContent = `Syllable ${carried.syllable[i]}`;
    part("now-words").textContent = words(i);
    part("sound").textContent = sounds.kind(i);
    part("play").disabled = !sounds.has(i);
  };

  const pin = (i) => {
    pinned = i;
    show(i);
  };

  const say = (text) => {
    part("said").textContent = text;
  };

  const play = async (i) => {
    pin(i);
    await sounds.play(i);
    if (i === now) part("sound").textContent = sounds.kind(i);
  };

  const nearest = (px, py, count) => {
    const squared = indices.map((i) => (x[i] - px) ** 2 + (y[i] - py) ** 2);
    return indices.toSorted((a, b) => squared[a] - squared[b]).slice(0, count);
  };

  const pointed = (event) => {
    const [i] = nearest(event.x, event.y, 1);
    const view = Bokeh.index.find_one(models.map);
    const distance = Math.hypot(
      view.frame.x_scale.compute(x[i]) - event.sx,
      view.frame.y_scale.compute(y[i]) - event.sy,
    );
    return distance < NEAR_PX ? i : null;
  };

  models.map.on_event("mousemove", (event) => {
    const i = pointed(event);
    if (i !== null) show(i);
  });
  models.map.on_event("tap", (event) => {
    const i = pointed(event);
    if (i !== null) play(i);
  });

  part("map").addEventListener("pointerleave", () => {
    if (pinned !== null) show(pinned);
  });
  part("number").addEventListener("change", ({ target }) => {
    const i = carried.syllable.indexOf(target.valueAsNumber);
    target.setCustomValidity(i < 0 ? "There is no syllable of this number on the map." : "");
    if (target.reportValidity()) pin(i);
  });

  /* The selected syllables. */

  const select = (chosen) => {
    points.selected.indices = chosen;
  };

  const summarise = () => {
    const chosen = points.selected.indices;
    const none = chosen.length === 0;
    part("clear").disabled = part("members-section").hidden = part("mean").hidden = none;
    part("hint").hidden = !none;
    for (const { button, label, members } of clusters) {
      const same = chosen.length === members.length;
      const whole = same && chosen.every((i) => carried.cluster[i] === label);
      button.setAttribute("aria-pressed", String(whole));
    }
    const n = chosen.length.toLocaleString("en");
    part("selection-name").textContent = none ? "Nothing is selected" : `Mean of the ${n} selected`;
    say(none ? "Nothing is selected." : `${n} syllables are selected.`);
    if (none) return;
    const { highest, features: packed } = carried;
    draw(models.mean, meanOf(chosen.map(features)), highest, packed.columns);
    const middle = [x, y].map((axis) => chosen.reduce((sum, i) => sum + axis[i], 0) / chosen.length);
    const distance = (i) => Math.hypot(x[i] - middle[0], y[i] - middle[1]);
    const members = chosen.toSorted((a, b) => distance(a) - distance(b)).slice(0, N_MEMBERS);
    part("members-name").textContent =
      `Of the ${n} selected, ${members.length < chosen.length ? `${N_MEMBERS} in the middle` : "all"}`;
    part("members").replaceChildren(...members.map(memberButton));
  };

  const memberButton = (i) => {
    const button = document.createElement("button");
    const canvas = document.createElement("canvas");
    button.type = "button";
    button.setAttribute("aria-label", `Play syllable ${carried.syllable[i]}: ${words(i)}`);
    thumbnail(canvas, features(i), models.colours.palette);
    button.append(canvas);
    button.addEventListener("click", () => play(i));
    button.addEventListener("focus", () => show(i));
    button.addEventListener("pointerenter", () => show(i));
    return button;
  };

  points.selected.change.connect(summarise);
  part("clear").addEventListener("click", () => {
    select([]);
    part("map").focus();
  });
  for (const { button, label, members } of clusters) {
    button.addEventListener("click", () => {
      select(button.getAttribute("aria-pressed") === "true" ? [] : members);
      pin(carried.exemplars[label]);
    });
  }

  /* Controls and keys. */

  part("colour").addEventListener("change", ({ target }) => {
    const colour = { field: target.value, transform: models.mappers[target.value] };
    for (const kind of dots) kind.fill_color = colour;
    for (const [name, bar] of Object.entries(models.bars)) bar.visible = name === target.value;
    // The means have colours of their own, and would hide the colours of a measure.
    part("means").checked = target.value === "cluster";
    placeMeans();
  });
  const places = models.means.data_source;
  const urls = clusters.map(({ button }) => button.querySelector("img").src);
  places.data = { ...places.data, url: urls };
  const placeMeans = () => {
    models.means.visible = part("means").checked;
    models.points.glyph.fill_alpha = part("means").checked ? 0.4 : 1;
  };
  part("means").addEventListener("change", placeMeans);
  placeMeans();
  const fit = () => {
    for (const kind of dots) kind.size = window.innerWidth < NARROW_PX ? 4 : 7;
  };
  window.addEventListener("resize", fit);
  fit();
  const chooseDrag = () => {
    for (const name of ["box", "lasso", "pan"]) {
      models.tools[name].active = name === part("drag").value;
    }
  };
  part("drag").addEventListener("change", chooseDrag);
  if (window.matchMedia("(pointer: coarse)").matches) {
    part("drag").value = "page"; // scrolling with a finger must not select syllables
    chooseDrag();
  }
  const zoom = (name) => models.tools[name].do.emit();
  for (const name of ["zoom_in", "zoom_out", "reset"]) {
    part(name).addEventListener("click", () => zoom(name));
  }
  part("play").addEventListener("click", () => play(now));

  const towards = (dx, dy) => {
    const cost = indices.map((i) => {
      const along = (x[i] - x[now]) * dx + (y[i] - y[now]) * dy;
      const across = Math.abs((x[i] - x[now]) * dy) + Math.abs((y[i] - y[now]) * dx);
      return along > 0 ? along + 2 * across : Infinity;
    });
    const least = Math.min(...cost);
    return least < Infinity ? cost.indexOf(least) : now;
  };
  const inRecording = (step) => inTime[inTime.indexOf(now) + step] ?? now;
  const keys = {
    ArrowLeft: () => pin(towards(-1, 0)),
    ArrowRight: () => pin(towards(1, 0)),
    ArrowUp: () => pin(towards(0, 1)),
    ArrowDown: () => pin(towards(0, -1)),
    PageUp: () => pin(inRecording(-1)),
    PageDown: () => pin(inRecording(1)),
    Home: () => pin(inTime[0]),
    End: () => pin(inTime.at(-1)),
    Enter: () => play(now),
    " ": () => play(now),
    n: () => select(nearest(x[now], y[now], carried.n_neighbours)),
    Escape: () => {
      sounds.stop();
      select([]);
    },
    "+": () => zoom("zoom_in"),
    "-": () => zoom("zoom_out"),
  };
  part("map").addEventListener("keydown", (event) => {
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if (event.ctrlKey || event.altKey || event.metaKey || !Object.hasOwn(keys, key)) return;
    event.preventDefault();
    const before = now;
    keys[key]();
    if (now !== before) say(`Syllable ${carried.syllable[now]}: ${words(now)}`);
  });

  show(carried.exemplars[0]);
  document.documentElement.dataset.ready = "true";
};

/* Spectrograms. */

/* Return a function from a syllable's index to its values, 0 to 255, lowest band first. */
async function readAtlas(image, { places, height }) {
  await image.decode();
  const { naturalWidth, naturalHeight } = image;
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [naturalWidth, naturalHeight];
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(image, 0, 0);
  const { data } = context.getImageData(0, 0, naturalWidth, naturalHeight);
  const grey = Uint8Array.from({ length: data.length / 4 }, (_, i) => data[4 * i]);
  return (i) => {
    const [left, top, width] = places.slice(3 * i, 3 * i + 3);
    const values = new Uint8Array(width * height);
    for (let row = 0; row < height; row++) {
      const start = (top + row) * naturalWidth + left;
      values.set(grey.subarray(start, start + width), row * width);
    }
    return { values, width, height };
  };
}

function meanOf(images) {
  const [{ width, height }] = images;
  const values = new Float32Array(width * height);
  for (const image of images) {
    for (let k = 0; k < values.length; k++) values[k] += image.values[k] / images.length;
  }
  return { values, width, height };
}

/* Draw values of 0 to 255 in a panel, as 0 to `highest`; the length is in ms or in columns. */
function draw(source, { values, width, height }, highest, length) {
  // Bokeh does not export the class of its arrays, so take it from the array in the panel.
  const NDArray = source.data.image[0].constructor;
  const scaled = Float32Array.from(values, (value) => (value * highest) / 255);
  const image = new NDArray(scaled, [height, width]);
  source.data = { ...source.data, image: [image], width: [length] };
}

function thumbnail(canvas, { values, width, height }, palette) {
  [canvas.width, canvas.height] = [width, height];
  const context = canvas.getContext("2d");
  const image = context.createImageData(width, height);
  values.forEach((value, k) => {
    const colour = parseInt(palette[value].slice(1), 16);
    image.data.set([colour >> 16, (colour >> 8) & 255, colour & 255, 255], 4 * k);
  });
  context.putImageData(image, 0, 0);
}

/* Sounds. */

function makeSounds(carried, line, shown) {
  let context = null;
  let playing = null;
  let turns = 0;

  const stop = () => {
    turns += 1;
    playing?.stop();
    playing = null;
    line.visible = false;
  };

  const recorded = async (i) => {
    const node = context.createBufferSource();
    node.buffer = await context.decodeAudioData(bytesOf(carried.clips[i]).buffer);
    node.connect(context.destination);
    return { node, seconds: node.buffer.duration, before_ms: carried.margin_ms };
  };

  // A tone along the contour, silent where the contour is not tracked.
  const resynthesised = (i) => {
    const codes = bytesOf(carried.contours[i]); // 1 to 255 from low to high, 0 where not tracked
    const [low, high] = carried.contour_khz;
    const { slowdown } = carried;
    const seconds = (codes.length * carried.contour_step_ms * slowdown) / 1000;
    const node = context.createOscillator();
    const gain = context.createGain();
    const start = context.currentTime + 0.05;
    gain.gain.setValueAtTime(0, context.currentTime);
    codes.forEach((code, k) => {
      const time = start + (seconds * k) / codes.length;
      const hz = (1000 * (low + ((code - 1) / 254) * (high - low))) / slowdown;
      // At the start of a tone the frequency is set, since a ramp would glide up to it.
      if (code && codes[k - 1]) node.frequency.linearRampToValueAtTime(hz, time);
      else if (code) node.frequency.setValueAtTime(hz, time - seconds / codes.length);
      gain.gain.linearRampToValueAtTime(code ? 0.5 : 0, time);
    });
    gain.gain.linearRampToValueAtTime(0, start + seconds);
    node.connect(gain).connect(context.destination);
    return { node, seconds, before_ms: 0 };
  };

  const follow = (i, { node, seconds, before_ms }) => {
    const began = performance.now();
    const step = () => {
      const passed = performance.now() - began;
      if (playing !== node) return;
      if (passed > 1000 * seconds) {
        stop();
        return;
      }
      line.location = passed / carried.slowdown - before_ms;
      line.visible = i === shown();
      requestAnimationFrame(step);
    };
    step();
  };

  const has = (i) => carried.clips[i] !== null || bytesOf(carried.contours[i]).some(Boolean);

  return {
    has,
    stop,
    kind: (i) => {
      if (!has(i)) return "no sound: this page has neither the recording nor a contour";
      return carried.clips[i]
        ? `as recorded, ${carried.slowdown} times slower`
        : `a tone along its contour, ${carried.slowdown} times slower; not the recording`;
    },
    play: async (i) => {
      stop();
      const turn = turns;
      if (!has(i)) return;
      context ??= new AudioContext();
      await context.resume();
      // Treat a clip that this browser cannot decode as missing.
      const clip = carried.clips[i] && (await recorded(i).catch(() => null));
      if (!clip) carried.clips[i] = null;
      if (turn !== turns) return; // another sound was started or stopped meanwhile
      const sound = clip ?? resynthesised(i);
      playing = sound.node;
      playing.start();
      playing.stop(context.currentTime + sound.seconds + 0.1);
      follow(i, sound);
    },
  };
}

/* Inside a page of the book, follow its light or dark theme, and fit the frame to the content. */
{
  const root = document.documentElement;
  const outside = (() => {
    try {
      return window.parent.document.documentElement;
    } catch {
      return root; // the page around this one is of another origin
    }
  })();
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const follow = () => {
    const theme = outside === root ? undefined : outside.dataset.theme;
    root.dataset.theme = theme ?? (dark.matches ? "dark" : "light");
  };
  if (outside !== root) new MutationObserver(follow).observe(outside, { attributes: true });
  dark.addEventListener("change", follow);
  follow();
  // Measure the visible part, since Bokeh appends more to the body.
  const main = document.querySelector("main");
  if (window.frameElement) {
    new ResizeObserver(() => {
      if (!window.matchMedia("print").matches) {
        root.style.setProperty("--width", `${main.clientWidth}px`);
        root.style.setProperty("--width-px", main.clientWidth);
      }
      window.frameElement.style.height = `${Math.ceil(main.getBoundingClientRect().height) + 4}px`;
    }).observe(main);
  }
}
