// The dashboard of one node. It asks this node's own API and nobody else; everything that a node, a peer or a
// user named is put into the page as text, never as HTML.
'use strict';

const REFRESH_MS = 1000;
const HEIGHTS_SHOWN = 60;
const BLOCKS_LISTED = 20;   // the API's page
const EVENTS_SHOWN = 200;
const STEPS_KEPT = 400;     // heights whose events are kept for timelines
const UNUSUAL = new Set(['timeout', 'newEvidence', 'peerUp', 'peerDown', 'peerBanned', 'syncProgress', 'signRefused',
  'validatorSetUpdates', 'snapshotTaken']);

const state = {
  validators: [],            // of the height being decided: {key, address, power}
  blocks: new Map(),         // height -> summary
  top: 0,
  actors: new Map(),         // path -> {handled, at, rate}
  closed: new Set(),         // supervisors whose children are not shown
  steps: new Map(),          // height -> [{time, type, data}]
  chosen: null,              // height whose timeline is shown
  cursor: {row: 0, column: 0},
};

const $ = id => document.getElementById(id);

// ---- making elements ------------------------------------------------------------------------

function el(name, attributes = {}, ...children) {
  const svg = ['svg', 'line', 'circle', 'text', 'rect', 'title', 'path', 'g'].includes(name);
  const node = svg ? document.createElementNS('http://www.w3.org/2000/svg', name) : document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith('on')) node.addEventListener(key.slice(2), value);
    else if (value !== null && value !== undefined && value !== false) node.setAttribute(key, value);
  }
  node.append(...children.map(c => (c instanceof Node ? c : String(c))));
  return node;
}

const cell = (text, cls) => el('td', cls ? {class: cls} : {}, text);
const short = hex => (hex ? hex.slice(0, 8) : '');
const count = n => Number(n || 0).toLocaleString('en');
const seconds = s => (s < 120 ? `${s} s` : s < 7200 ? `${Math.round(s / 60)} min` : `${Math.round(s / 3600)} h`);
const clock = rfc => (rfc ? rfc.slice(11, 23) : '');

// ---- asking ---------------------------------------------------------------------------------

async function ask(path) {
  const response = await fetch(path, {cache: 'no-store', signal: AbortSignal.timeout(5000)});
  const body = await response.json();
  if (!response.ok && response.status !== 503) {
    const e = body.error || {};
    throw new Error(`${path}: ${e.code || response.status} ${e.text || ''}`);
  }
  return body;
}

function nameOf(key) {
  const at = state.validators.findIndex(v => v.key === key);
  return at < 0 ? short(key) : `#${at} ${short(key)}`;
}

// ---- header ---------------------------------------------------------------------------------

function say(text, cls) {
  const node = $('connection');
  if (node.textContent === text) return;
  node.textContent = text;
  node.className = cls;
}

function fact(name, value) {
  return el('div', {}, el('dt', {}, name), el('dd', {}, value));
}

function showStatus(status, ready) {
  document.title = `${status.moniker || 'node'} · Witan`;
  $('moniker').textContent = status.moniker || 'node';
  $('chain').textContent = `${status.chainName} (${status.chainType})`;
  $('version').textContent = `Witan ${status.version}, node ${short(status.nodeId)}`;
  if (ready.ready) say('✔ ready', 'good');
  else say(`✖ not ready: ${(ready.reasons || []).join('; ')}`, 'bad');
  $('facts').replaceChildren(
    fact('height', count(status.latestHeight)),
    fact('state root', short(status.latestStateRoot)),
    fact('validator', status.validatorKey ? `${nameOf(status.validatorKey)}, power ${count(status.validatorPower)}` : 'no'),
    fact('peers', status.peers),
    fact('mempool', count(status.mempoolSize)),
    fact('up', seconds(status.uptimeSeconds)),
    ...(status.catchingUp ? [fact('sync', 'catching up')] : []),
    ...(state.listening === false ? [fact('events', '✖ the stream is broken, connecting again')] : []));
}

function showRound(c) {
  const rounds = c.rounds || [];
  const now = rounds.find(r => r.round === c.round);
  const share = p => (Number(c.powerTotal) ? `${Math.round(100 * Number(p || 0) / Number(c.powerTotal))} %` : '-');
  const lock = c.lockedRound >= 0 ? `, locked in round ${c.lockedRound} on ${short(c.lockedBlock)}` : '';
  $('round').textContent = `height ${count(c.height)}, round ${c.round}, ${c.step}; proposer ${nameOf(c.proposer)}; ` +
    `prevotes ${share(now && now.prevotePower)}, precommits ${share(now && now.precommitPower)}${lock}`;
}

// ---- heights --------------------------------------------------------------------------------

// Asks for what is missing of the last HEIGHTS_SHOWN heights: one page a call, at most three calls.
async function fetchBlocks() {
  const first = await ask('/api/v1/blocks');
  const pages = [first.blocks || []];
  state.top = Number(first.latestHeight);
  const floor = Math.max(1, state.top - HEIGHTS_SHOWN + 1);
  let low = state.top - BLOCKS_LISTED;
  while (low >= floor && !state.blocks.has(low)) {
    const from = Math.max(floor, low - BLOCKS_LISTED + 1);
    pages.push((await ask(`/api/v1/blocks?from=${from}&to=${low}`)).blocks || []);
    low = from - 1;
  }
  for (const block of pages.flat()) state.blocks.set(Number(block.height), block);
  for (const height of state.blocks.keys()) if (height < floor) state.blocks.delete(height);
}

function shownHeights() {
  return [...state.blocks.keys()].sort((a, b) => a - b);
}

function showBlocks() {
  const body = $('blocks').tBodies[0];
  const known = new Set([...body.rows].map(r => r.dataset.height));
  const focused = document.activeElement && document.activeElement.dataset.height;
  body.replaceChildren(...shownHeights().slice(-BLOCKS_LISTED).reverse().map(h => {
    const b = state.blocks.get(h);
    const open = el('button', {type: 'button', class: 'link', 'data-height': h, onclick: () => openTimeline(h)}, count(h));
    return el('tr', {'data-height': h, class: known.size && !known.has(String(h)) ? 'fresh' : null},
      el('td', {}, open), cell(clock(b.time)), cell(b.round > 0 ? `▲ ${b.round}` : '0', b.round > 0 ? 'bad' : null),
      cell(count(b.txCount), 'n'), cell(count(b.bytes), 'n'), cell(nameOf(b.proposer), 'id'));
  }));
  if (focused) body.querySelector(`button[data-height="${focused}"]`)?.focus({preventScroll: true});
}

function showPace() {
  const heights = shownHeights();
  const gaps = heights.slice(1).map(h => ({height: h, round: state.blocks.get(h).round,
    ms: state.blocks.has(h - 1) ? Date.parse(state.blocks.get(h).time) - Date.parse(state.blocks.get(h - 1).time) : 0}));
  const most = Math.max(1, ...gaps.map(g => g.ms));
  const width = 600 / Math.max(1, gaps.length);
  $('pace').replaceChildren(...gaps.map((g, i) => el('rect', {
    x: i * width, width: Math.max(1, width - 1), y: 68 - 66 * g.ms / most, height: 2 + 66 * g.ms / most,
    class: g.round > 0 ? 'late' : null}, el('title', {}, `height ${g.height}: ${g.ms} ms, round ${g.round}`))));
  const sorted = gaps.map(g => g.ms).sort((a, b) => a - b);
  $('pace-note').textContent = sorted.length === 0 ? '' :
    `time between the last ${sorted.length + 1} blocks: median ${sorted[sorted.length >> 1]} ms, longest ${most} ms; ` +
    `${gaps.filter(g => g.round > 0).length} of them in a later round`;
}

// ---- votes ----------------------------------------------------------------------------------

// BlockSummary.signed: bit i, the lowest of the first byte first.
function signedBy(block, i) {
  const byte = parseInt((block.signed || '').substr((i >> 3) * 2, 2) || '0', 16);
  return (byte >> (i & 7) & 1) === 1;
}

function gridSign(block, i) {
  const proposed = state.validators[i].key === block.proposer;
  const signed = signedBy(block, i);
  return signed ? (proposed ? ['◆', 'lead', 'proposed and signed'] : ['■', 'yes', 'signed'])
    : (proposed ? ['◇', 'lost', 'proposed, not in the certificate'] : ['·', 'no', 'not in the certificate']);
}

function showGrid() {
  const heights = shownHeights();
  const held = $('grid').contains(document.activeElement);
  const head = el('tr', {}, el('th', {}, 'validator'), ...heights.map(h => el('td', {'aria-hidden': 'true'}, h % 10 === 0 ? h : '')));
  const rows = state.validators.map((v, i) => el('tr', {},
    el('th', {scope: 'row', class: 'id'}, `#${i} ${short(v.key)}`),
    ...heights.map((h, column) => {
      const [sign, cls, words] = gridSign(state.blocks.get(h), i);
      return el('td', {class: cls, role: 'gridcell', tabindex: -1, 'data-height': h, 'data-row': i, 'data-column': column,
        'aria-label': `height ${h}, validator ${i}: ${words}`}, sign);
    })));
  $('grid').replaceChildren(el('thead', {}, head), el('tbody', {}, ...rows));
  state.cursor.row = Math.min(state.cursor.row, Math.max(0, state.validators.length - 1));
  state.cursor.column = Math.min(state.cursor.column, Math.max(0, heights.length - 1));
  markCursor(held);
}

function gridCell() {
  return $('grid').querySelector(`td[data-row="${state.cursor.row}"][data-column="${state.cursor.column}"]`);
}

function markCursor(focus) {
  const td = gridCell();
  if (!td) return;
  $('grid').querySelectorAll('td[tabindex="0"]').forEach(other => other.setAttribute('tabindex', -1));
  td.setAttribute('tabindex', 0);
  if (focus) {
    td.focus({preventScroll: false});
    $('grid-cell').textContent = td.getAttribute('aria-label');
  }
}

function moveInGrid(event) {
  const by = {ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0], Home: [0, -1e6], End: [0, 1e6]}[event.key];
  if (event.key === 'Enter' || event.key === ' ') {
    const td = gridCell();
    if (td) openTimeline(Number(td.dataset.height));
  } else if (by) {
    const clamp = (v, n) => Math.max(0, Math.min(n - 1, v));
    state.cursor.row = clamp(state.cursor.row + by[0], state.validators.length);
    state.cursor.column = clamp(state.cursor.column + by[1], state.blocks.size);
    markCursor(true);
  } else {
    return;
  }
  event.preventDefault();
}

// ---- peers and actors -----------------------------------------------------------------------

function showPeers(view) {
  const peers = view.peers || [];
  $('peers').tBodies[0].replaceChildren(...peers.map(p => el('tr', {},
    cell(p.moniker || short(p.nodeId)), cell(p.address, 'id'), cell(p.outbound ? '→ out' : '← in'), cell(count(p.height), 'n'),
    cell(p.sendQueue, 'n'), cell(p.score, p.score < 0 ? 'bad n' : 'n'), cell(seconds(p.connectedSeconds), 'n'))));
  $('peers-note').textContent = `${peers.length} connected` + (view.banned ? `, ${view.banned} banned` : '') +
    (view.listening ? `; listening on ${view.listenAddress}` : '; not listening');
}

function rateOf(actor, now) {
  const before = state.actors.get(actor.path);
  const handled = Number(actor.handled);
  const rate = before && handled >= before.handled && now > before.at ? 1000 * (handled - before.handled) / (now - before.at) : 0;
  state.actors.set(actor.path, {handled, at: now});
  return rate;
}

const STATES = {running: ['✔', 'good'], starting: ['…', 'warn'], backoff: ['↻', 'warn'], restarting: ['↻', 'warn'],
  stopping: ['…', 'warn'], stopped: ['○', 'no']};

function treeRow(actor, now, children) {
  const depth = actor.path.split('/').length - 2;
  const [sign, cls] = STATES[actor.state] || ['✖', 'bad'];
  const leaf = actor.path.slice(actor.path.lastIndexOf('/') + 1) || '/';
  const open = !state.closed.has(actor.path);
  const toggle = children ? el('button', {type: 'button', class: 'link', 'aria-expanded': open, 'data-path': actor.path,
    onclick: () => { state.closed[open ? 'add' : 'delete'](actor.path); refresh(); }}, `${open ? '▾' : '▸'} ${leaf}`) : leaf;
  const indent = '\u00a0'.repeat(Math.max(0, depth) * 3);
  const shed = (actor.shed || []).map(Number);
  return el('tr', {role: 'row', 'aria-level': depth + 1, 'data-path': actor.path},
    el('td', {title: actor.path}, indent, toggle), cell(`${sign} ${actor.state}`, cls),
    cell(actor.restarts ? `▲ ${actor.restarts}` : '0', actor.restarts ? 'bad n' : 'n'),
    cell(count(Math.round(rateOf(actor, now))), 'n'), cell((actor.depth || []).join(' · '), 'n'),
    cell(shed.some(n => n > 0) ? `▲ ${shed.join(' · ')}` : '0', shed.some(n => n > 0) ? 'bad n' : 'n'), cell(actor.lastReason || ''));
}

function showTree(view) {
  const now = performance.now();
  const actors = view.actors || [];
  const focused = document.activeElement && document.activeElement.dataset.path;
  const hidden = path => [...state.closed].some(c => path !== c && path.startsWith(c === '/' ? '/' : `${c}/`));
  const rows = actors.map(a => ({a, row: treeRow(a, now, a.supervisor)})).filter(r => !hidden(r.a.path)).map(r => r.row);
  const body = $('tree').tBodies[0];
  body.replaceChildren(...rows);
  if (focused) [...body.querySelectorAll('button')].find(b => b.dataset.path === focused)?.focus({preventScroll: true});
  const restarts = actors.reduce((n, a) => n + (a.supervisor ? 0 : a.restarts), 0);
  $('tree-note').textContent = `${actors.filter(a => !a.supervisor).length} actors, ${restarts} restarts since the start, ` +
    `${actors.filter(a => a.state !== 'running').length} not running. Queued and shed: control · consensus · bulk.`;
}

// ---- messages between actors ----------------------------------------------------------------

function showFlow(view) {
  const edges = (view.edges || []).map(e => ({...e, messages: Number(e.messages), bytes: Number(e.bytes), notHandled: Number(e.notHandled)}));
  const seconds = Math.max(0.001, Number(view.windowMs) / 1000);
  $('flow-note').textContent = edges.length === 0 ? 'No messages, or the flight recorder is off.' :
    `The last ${seconds.toFixed(1)} s as the flight recorder holds them. A click on a line or Enter on a row shows recent messages.`;
  const focused = document.activeElement && document.activeElement.dataset.edge;
  const body = $('flow-edges').tBodies[0];
  body.replaceChildren(...edges.map(e => el('tr', {},
    el('td', {}, el('button', {type: 'button', class: 'link', 'data-edge': `${e.from} ${e.to}`, onclick: () => openMessages(e.from, e.to)}, e.from)),
    cell(e.to, 'id'), cell(count(Math.round(e.messages / seconds)), 'n'), cell((e.bytes / 1000 / seconds).toFixed(1), 'n'),
    cell(`${count(e.waitP50Us)} · ${count(e.waitP99Us)}`, 'n'), cell(`${count(e.handleP50Us)} · ${count(e.handleP99Us)}`, 'n'),
    cell(e.depthMax, 'n'), cell(e.notHandled ? `▲ ${e.notHandled}` : '0', e.notHandled ? 'bad n' : 'n'))));
  if (focused) [...body.querySelectorAll('button')].find(b => b.dataset.edge === focused)?.focus({preventScroll: true});
  drawFlow(edges);
}

// Actors on a circle in the order of their names, so that they stay where they are; a line is as wide as its rate.
function drawFlow(edges) {
  const names = [...new Set(edges.flatMap(e => [e.from, e.to]))].sort();
  const place = new Map(names.map((name, i) => {
    const angle = 2 * Math.PI * i / names.length - Math.PI / 2;
    return [name, {x: 320 + 190 * Math.cos(angle), y: 250 + 190 * Math.sin(angle), right: Math.cos(angle) >= 0}];
  }));
  const most = Math.max(1, ...edges.map(e => e.messages));
  const drawing = edges.filter(e => e.from !== e.to).map(e => {
    const a = place.get(e.from), b = place.get(e.to);
    // Bent to the left as seen from the sender, so that both directions are seen.
    const mx = (a.x + b.x) / 2 + (b.y - a.y) * 0.12, my = (a.y + b.y) / 2 - (b.x - a.x) * 0.12;
    return el('path', {d: `M${a.x} ${a.y} Q${mx} ${my} ${b.x} ${b.y}`, 'stroke-width': 1 + 7 * Math.log1p(e.messages) / Math.log1p(most),
      class: e.notHandled ? 'bad' : null, onclick: () => openMessages(e.from, e.to)}, el('title', {}, `${e.from} → ${e.to}: ${count(e.messages)} messages`));
  });
  for (const [name, p] of place)
    drawing.push(el('circle', {cx: p.x, cy: p.y, r: 4}), el('text', {x: p.x + (p.right ? 8 : -8), y: p.y + 4, 'text-anchor': p.right ? 'start' : 'end'}, name));
  $('flow-map').setAttribute('viewBox', '0 0 640 500');
  $('flow-map').replaceChildren(...drawing);
}

function messageRows(messages) {
  const first = messages.length ? Number(messages[0].sentNs) : 0;
  const us = ns => count(Math.round(Number(ns) / 1000));
  return [el('thead', {}, el('tr', {}, ...['after µs', 'from', 'to', 'message', 'height/round', 'bytes', 'waits µs', 'takes µs', 'outcome'].map(t => el('th', {}, t)))),
    el('tbody', {}, ...messages.map(m => el('tr', {}, cell(us(Number(m.sentNs) - first), 'n'), cell(m.from, 'id'), cell(m.to, 'id'), cell(m.type),
      cell(m.height !== '0' ? `${m.height}/${m.round >= 0 ? m.round : '-'}` : ''), cell(count(m.bytes), 'n'), cell(us(m.waitNs), 'n'), cell(us(m.handleNs), 'n'),
      cell(m.outcome === 'handled' ? m.outcome : `▲ ${m.outcome}`, m.outcome === 'handled' ? null : 'bad'))))];
}

async function openMessages(from, to) {
  try {
    const view = await ask(`/api/v1/flow/messages?sender=${encodeURIComponent(from)}&receiver=${encodeURIComponent(to)}&limit=50`);
    $('h-messages').textContent = `${from} → ${to}: the last ${(view.messages || []).length} messages`;
    $('messages-list').replaceChildren(...messageRows(view.messages || []));
    $('messages').hidden = false;
    $('messages').focus();
  } catch (error) {
    say(`✖ ${error.message}`, 'bad');
  }
}

// ---- events and timelines -------------------------------------------------------------------

function keep(type, event) {
  const height = Number((event.data && event.data.height) || event.height || 0);
  if (height && type !== 'txCommitted') {
    if (!state.steps.has(height)) state.steps.set(height, []);
    state.steps.get(height).push({type, time: event.time, data: event.data || {}});
    while (state.steps.size > STEPS_KEPT) state.steps.delete(state.steps.keys().next().value);
  }
  if (height && height === state.chosen) showTimeline();
  if (UNUSUAL.has(type) || (type === 'newRound' && event.data.round > 0)) {
    const d = event.data || {};
    const words = [height ? `height ${height}` : '', d.round !== undefined ? `round ${d.round}` : '', d.step, d.kind, d.rule, d.address,
      d.reason, d.validator && nameOf(d.validator), d.target && `of ${d.target}`].filter(Boolean).join(', ');
    $('events').prepend(el('li', {}, `${clock(event.time)} ${type}${words ? ': ' : ''}${words}`));
    while ($('events').children.length > EVENTS_SHOWN) $('events').lastChild.remove();
  }
}

function listen() {
  const source = new EventSource('/api/v1/events');
  for (const type of [...UNUSUAL, 'newBlock', 'newRound', 'polka', 'lock', 'completeProposal'])
    source.addEventListener(type, e => keep(type, JSON.parse(e.data)));
  source.onopen = () => { state.listening = true; };
  source.onerror = () => { state.listening = false; };  // the browser connects again by itself
}

function openTimeline(height) {
  state.chosen = height;
  $('timeline').hidden = false;
  showTimeline();
  $('timeline').focus();
}

function closeTimeline() {
  const height = state.chosen;
  state.chosen = null;
  $('timeline').hidden = true;
  ($('blocks').querySelector(`button[data-height="${height}"]`) || $('blocks').querySelector('button'))?.focus();
}

// A lane for each receiver, a mark from the moment of sending to the end of handling.
function timelineDrawing(messages) {
  const lanes = [...new Set(messages.map(m => m.to))];
  const start = Number(messages[0].sentNs);
  const ends = messages.map(m => Number(m.sentNs) + Number(m.waitNs) + Number(m.handleNs) - start);
  const span = Math.max(1, ...ends);
  const x = ns => 160 + 620 * ns / span;
  const drawing = el('svg', {viewBox: `0 0 800 ${lanes.length * 22 + 24}`, role: 'img', 'aria-label': 'the messages listed below, by receiver and time'});
  lanes.forEach((lane, i) => drawing.append(el('line', {x1: 160, x2: 780, y1: 14 + i * 22, y2: 14 + i * 22}),
    el('text', {x: 150, y: 18 + i * 22, 'text-anchor': 'end'}, lane)));
  messages.forEach((m, i) => {
    const sent = Number(m.sentNs) - start, began = sent + Number(m.waitNs), y = 14 + lanes.indexOf(m.to) * 22;
    drawing.append(el('rect', {x: x(sent), width: Math.max(1, x(began) - x(sent)), y: y - 1, height: 2, class: 'wait'}),
      el('rect', {x: x(began), width: Math.max(2, x(ends[i]) - x(began)), y: y - 6, height: 12, class: m.outcome === 'handled' ? 'work' : 'work late'},
        el('title', {}, `${m.type} from ${m.from}: waits ${Math.round(m.waitNs / 1000)} µs, takes ${Math.round(m.handleNs / 1000)} µs`)));
  });
  drawing.append(el('text', {x: 160, y: lanes.length * 22 + 18}, '0'), el('text', {x: 780, y: lanes.length * 22 + 18, 'text-anchor': 'end'}, `${(span / 1e6).toFixed(1)} ms`));
  return drawing;
}

async function showTimeline() {
  const height = state.chosen;
  const block = state.blocks.get(height);
  $('h-timeline').textContent = `Height ${count(height)}`;
  const steps = (state.steps.get(height) || []).slice(0, 60);
  let messages = [];
  try {
    messages = (await ask(`/api/v1/flow/heights/${height}?limit=100`)).messages || [];
  } catch (error) {
    say(`✖ ${error.message}`, 'bad');
  }
  if (state.chosen !== height) return;
  const told = steps.map(s => el('li', {}, `${clock(s.time)} ${s.type}${s.data.round !== undefined ? `, round ${s.data.round}` : ''}`));
  $('timeline-body').replaceChildren(
    el('p', {}, block ? `decided in round ${block.round}, proposed at ${clock(block.time)} by ${nameOf(block.proposer)}` : 'not decided yet, or long ago'),
    el('ol', {}, ...told),
    ...(messages.length === 0 ? [el('p', {class: 'note'}, 'The flight recorder does not hold this height any more.')] :
      [timelineDrawing(messages), el('div', {class: 'scroll'}, el('table', {}, ...messageRows(messages)))]));
}

// ---- the loop -------------------------------------------------------------------------------

async function refresh() {
  const [status, ready, validators, consensus, peers, tree, flow] = await Promise.all([
    ask('/api/v1/status'), ask('/readyz'), ask('/api/v1/validators'), ask('/api/v1/consensus/state'), ask('/api/v1/peers'),
    ask('/api/v1/tree'), ask('/api/v1/flow'), fetchBlocks()]);
  state.validators = validators.validators || [];
  showStatus(status, ready);
  showRound(consensus);
  showBlocks();
  showPace();
  showGrid();
  showPeers(peers);
  showTree(tree);
  showFlow(flow);
}

async function loop() {
  try {
    if (!document.hidden) await refresh();
  } catch (error) {
    say(`✖ no answer from the node (${error.message}); trying again`, 'bad');
  }
  setTimeout(loop, REFRESH_MS);
}

$('grid').addEventListener('keydown', moveInGrid);
$('grid').addEventListener('click', e => {
  const td = e.target.closest('td[data-height]');
  if (!td) return;
  state.cursor = {row: Number(td.dataset.row), column: Number(td.dataset.column)};
  openTimeline(Number(td.dataset.height));
});
$('messages-close').addEventListener('click', () => { $('messages').hidden = true; $('flow-edges').querySelector('button')?.focus(); });
$('timeline-close').addEventListener('click', closeTimeline);
document.addEventListener('keydown', e => { if (e.key === 'Escape' && state.chosen !== null) closeTimeline(); });
listen();
loop();
