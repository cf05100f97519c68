// What the tiled kernels of attention share. They are for graphics cards: a workgroup owns 32 rows (queries, or keys in the
// backward of keys and values) of one head and walks over the other side, its columns, 32 at a time. Pieces of 8 vectors of rows and columns
// go through workgroup memory, so a thread keeps no vector of a head, only its sums: of scores 4 rows × {{4 / HALVES}} columns, and of
// the result 4 rows × every {{HALVES}}. piece of 8 vectors. A thread is (half, y, x): HALVES × 8 × 8.
const ROWS = 32u;

// [vector][row]: a column wider than the rows, so that neighbours who store neighbouring vectors meet different banks.
var<workgroup> tiles: array<array<array<vec4f, 33>, 8>, {{Math.max(2, HALVES)}}>;
// [column][row / 4]: four rows a vector.
var<workgroup> weights: array<array<vec4f, 8>, 32>;
// [thread of a row][row / 4]: what the threads of a row tell each other.
var<workgroup> told: array<array<vec4f, 8>, {{8 * HALVES}}>;

var<private> x: u32;
var<private> y8: u32;
var<private> half: u32;
//% if SUMS
var<private> sum: vec4f;
//% end
//% for j in 0..4 / HALVES
var<private> score{{j}}: vec4f;
//% end
//% for o in 0..OUTPUTS
//% for c in 0..PIECES
//% for i in 0..4
var<private> out{{o}}_{{c}}_{{i}}: vec4f;
//% end
//% end
//% end

fn place(index: u32) {
  x = index % 8u;
  y8 = index / 8u % 8u;
  half = index / 64u;
}

/** Adds rows · columns over the piece in tiles[0] and tiles[1] to the scores. */
fn addScores() {
  {{ROLLED ? "for (var d = 0u; d < 8u; d++)" : ""}}
  //% for d in 0..ROLLED ? 1 : 8
  {
    //% for i in 0..4
    let a{{i}} = tiles[0][{{ROLLED ? "d" : d}}][y8 * 4u + {{i}}u];
    //% end
    //% for j in 0..4 / HALVES
    let b{{j}} = tiles[1][{{ROLLED ? "d" : d}}][x + {{8 * HALVES * j}}u + half * 8u];
    //% for e in 0..4
    //% for i in 0..4
    score{{j}}.{{"xyzw"[i]}} = fma(a{{i}}.{{"xyzw"[e]}}, b{{j}}.{{"xyzw"[e]}}, score{{j}}.{{"xyzw"[i]}});
    //% end
    //% end
    //% end
  }
  //% end
}

//% for o in 0..OUTPUTS
//% for c in 0..PIECES
/** Adds Σ over the tile's columns of weight · the piece of that column in tiles[half]; the first, with SUMS, the weights' sum. */
fn addOut{{o}}_{{c}}() {
  {{ROLLED ? "for (var s = 0u; s < 32u; s++)" : ""}}
  //% for s in 0..ROLLED ? 1 : 32
  {
    let p = weights[{{ROLLED ? "s" : s}}][y8];
    let v = tiles[half][x][{{ROLLED ? "s" : s}}];
    //% if SUMS && c === 0
    sum += p;
    //% end
    //% for i in 0..4
    out{{o}}_{{c}}_{{i}} = fma(vec4f(p.{{"xyzw"[i]}}), v, out{{o}}_{{c}}_{{i}});
    //% end
  }
  //% end
}
//% end
//% end
