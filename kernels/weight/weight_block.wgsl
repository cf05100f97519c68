// Put before a kernel that binds `blocks` (and `factors` for 4 bits) and has `columns4`, the columns of W / 4, among its
// uniforms u. W's values lie as weight_pack.ts says; row scales are left to the kernel, which knows where they are cheap.

//% if BITS == 4
struct Pair { left: mat4x4f, right: mat4x4f }

// Levels of four codes in the bytes of `codes`, times a factor: odd = 2·code − 15, odd · (1 + odd² / 1000) · factor.
fn levels(codes: u32, factor: f32) -> vec4f {
  let odd = fma(vec4f(unpack4xU8(codes)), vec4f(2.0), vec4f(-15.0));
  return odd * fma(odd * odd, vec4f(factor * 0.001), vec4f(factor));
}

// The factors of a block's four rows.
fn factorsOf(row4: u32, column8: u32) -> vec4f {
  let word = factors[row4 * ((u.columns4 + 3u) / 4u) + column8 / 2u] >> ((column8 & 1u) * 16u);
  return vec4f((vec4u(word) >> vec4u(0u, 4u, 8u, 12u)) & vec4u(15u)) + 3.0;
}

fn halfBlock(words: vec4u, f: vec4f) -> mat4x4f {
  let codes = words & vec4u(0x0f0f0f0fu);
  return mat4x4f(levels(codes.x, f.x), levels(codes.y, f.y), levels(codes.z, f.z), levels(codes.w, f.w));
}

// Rows 4·row4 … of columns 8·column8 …: two blocks of 4 × 4 by one load.
fn loadPair(row4: u32, column8: u32) -> Pair {
  let words = blocks[row4 * ((u.columns4 + 1u) / 2u) + column8];
  let f = factorsOf(row4, column8);
  return Pair(halfBlock(words, f), halfBlock(words >> vec4u(4u), f));
}
//% end

// Rows 4·row4 … of columns 4·column4 …: each column of the matrix holds four values of one row of W.
fn loadBlock(row4: u32, column4: u32) -> mat4x4f {
  //% if BITS == 4
  let words = blocks[row4 * ((u.columns4 + 1u) / 2u) + column4 / 2u];
  return halfBlock(words >> vec4u((column4 & 1u) * 4u), factorsOf(row4, column4 / 2u));
  //% else
  let at = row4 * u.columns4 + column4;
  //% if BITS == 8
  let words = blocks[at];
  return mat4x4f(
    vec4f(unpack4xI8(words.x)), vec4f(unpack4xI8(words.y)), vec4f(unpack4xI8(words.z)), vec4f(unpack4xI8(words.w)),
  );
  //% else
  return mat4x4f(blocks[at * 4u], blocks[at * 4u + 1u], blocks[at * 4u + 2u], blocks[at * 4u + 3u]);
  //% end
  //% end
}
