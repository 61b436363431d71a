//go:build cgo

#include "bridge.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <x264.h>

#define PX_TEXT2(x) #x
#define PX_STRING(x) PX_TEXT2(x)

// How far vectors of a band reach, in luma rows: both sides of a seam end in as
// many black ones. The library takes no less.
#define BAND_REACH 32

// How much finer black rows at a seam are coded than the picture, in steps of
// the quantiser, by the library's rate control. It costs nothing that can be
// measured; -40 does, where bits are few.
#define BLACK_OFFSET -24

// The settings of an encoder whose configuration names no preset. They stand on
// the one below and were chosen by quality against time on composed pictures
// (ARCHITECTURE.md, "Encoder settings").
#define BASE_PRESET "superfast"

// Keep smaller coefficients than the library's 21 and 11: gains up to 0.3 dB at
// the same rate, for a few percent of time at most.
#define DEADZONE_INTER 12
#define DEADZONE_INTRA 6

// Dividing macroblocks into 8x8 costs a tenth more time and gains 0.3 dB where
// cells are small, as in a strip of thumbnails or at 640x360, but nothing on a
// large one. So it depends on the size of a picture, in macroblocks.
#define DIVIDE_UP_TO 1000

// Of the two the library takes the second only with the 8x8 transform (High).
#define INTRA_FORMS (X264_ANALYSE_I4x4 | X264_ANALYSE_I8x8)

struct px_encoder {
	x264_t *enc;
	x264_param_t param;
	int black_top, black_bottom; // luma rows
	float *offsets; // to the quantiser, of each macroblock; NULL without black rows
	int64_t pts;
	char error[200];
};

static void keep_error(void *private, int level, const char *format, va_list args)
{
	px_encoder *e = private;
	if (level <= X264_LOG_ERROR)
		vsnprintf(e->error, sizeof e->error, format, args);
}

px_encoder *px_new(void)
{
	return calloc(1, sizeof(px_encoder));
}

// black_offsets makes the macroblocks that are all black at the edges be coded
// as finely as needed to stay flat. They are skipped then, and cost nothing.
static int black_offsets(px_encoder *e)
{
	int columns = (e->param.i_width + 15) / 16, rows = (e->param.i_height + 15) / 16;
	int x, y;

	if (e->param.rc.i_rc_method == X264_RC_CQP || (e->black_top < 16 && e->black_bottom < 16))
		return 0;
	e->offsets = calloc((size_t)columns * rows, sizeof(float));
	if (!e->offsets)
		return -1;
	for (y = 0; y < rows; y++)
		if (16 * y + 16 <= e->black_top || 16 * y >= e->param.i_height - e->black_bottom)
			for (x = 0; x < columns; x++)
				e->offsets[y * columns + x] = BLACK_OFFSET;
	return 0;
}

// choose sets what Parley wants other than the preset.
static void choose(x264_param_t *p, const px_config *c)
{
	// The caller says the quantiser of each picture, the same for all macroblocks.
	// The library then makes no small copy of it and does not search that for
	// its rate control, a fifth of all its work. The factors only open the range
	// of quantisers: its ends are derived from them.
	p->rc.i_rc_method = X264_RC_CQP;
	p->rc.i_qp_constant = 26;
	p->rc.f_ip_factor = 20.2;
	p->rc.f_pb_factor = 18;
	p->analyse.i_luma_deadzone[0] = DEADZONE_INTER;
	p->analyse.i_luma_deadzone[1] = DEADZONE_INTRA;
	p->analyse.i_me_method = X264_ME_DIA; // hexagons find nothing better on talking heads
	p->analyse.i_subpel_refine = 1;       // 0 saves a fifth and more, for 1.7 dB
	p->analyse.i_trellis = 0;             // gains 0.2 dB at most, for 1.1 to 2 times the time
	p->analyse.intra = p->analyse.inter = INTRA_FORMS;
	if ((c->width + 15) / 16 * ((c->height + 15) / 16) <= DIVIDE_UP_TO)
		p->analyse.inter |= X264_ANALYSE_PSUB16x16;
}

int px_open(px_encoder *e, const px_config *c)
{
	static const char *const profiles[] = {"baseline", "main", "high"};
	x264_param_t *p = &e->param;

	if (x264_param_default_preset(p, c->preset[0] ? c->preset : BASE_PRESET, "zerolatency") < 0) {
		snprintf(e->error, sizeof e->error, "unknown preset %s", c->preset);
		return -1;
	}
	if (!c->preset[0])
		choose(p, c);
	p->pf_log = keep_error;
	p->p_log_private = e;
	p->i_log_level = X264_LOG_ERROR;
	p->i_width = c->width;
	p->i_height = c->height;
	p->i_csp = X264_CSP_I420;
	p->i_bitdepth = 8;
	p->i_fps_num = c->fps;
	p->i_fps_den = 1;
	p->i_timebase_num = 1;
	p->i_timebase_den = c->fps;
	p->b_vfr_input = 0;

	// Many encoders run side by side: one thread each.
	p->i_threads = 1;
	p->i_lookahead_threads = 1;
	p->b_sliced_threads = 0;
	p->i_sync_lookahead = 0;

	p->i_frame_reference = 1;
	p->i_bframe = 0;
	p->i_scenecut_threshold = 0;
	p->i_keyint_max = X264_KEYINT_MAX_INFINITE;
	p->b_intra_refresh = 0;
	p->analyse.i_weighted_pred = X264_WEIGHTP_NONE;
	p->analyse.b_weighted_bipred = 0;
	// With slower presets it would move chroma_qp_index_offset, which stands in the
	// PPS and has to be the same for all bands.
	p->analyse.b_psy = 0;
	p->analyse.f_psy_rd = p->analyse.f_psy_trellis = 0;
	p->analyse.b_transform_8x8 = c->profile == 2;
	p->b_cabac = c->profile > 0;
	if (c->level > 0)
		p->i_level_idc = c->level;
	p->i_slice_max_size = c->max_nal;
	if (c->band)
		p->analyse.i_mv_range = BAND_REACH;
	e->black_top = c->black_top;
	e->black_bottom = c->black_bottom;

	p->b_repeat_headers = 1;
	p->b_annexb = 1;
	p->b_aud = 0;
	p->b_stitchable = 1;
	// ids without meaning for us, and equal for all encoders
	p->i_sps_id = 0;

	if (c->preset[0]) {
		p->rc.i_rc_method = X264_RC_ABR;
		p->rc.i_bitrate = c->kbps;
		p->rc.i_vbv_max_bitrate = c->kbps;
		p->rc.i_vbv_buffer_size = c->buffer;
	}
	p->rc.b_filler = 0;
	p->rc.i_lookahead = 0;
	p->rc.b_mb_tree = 0;

	if (x264_param_apply_profile(p, profiles[c->profile]) < 0) {
		snprintf(e->error, sizeof e->error, "profile %s not possible", profiles[c->profile]);
		return -1;
	}
	if (black_offsets(e) < 0) {
		snprintf(e->error, sizeof e->error, "out of memory");
		return -1;
	}
	e->enc = x264_encoder_open(p);
	return e->enc ? 0 : -1;
}

// flat reports whether rows of a reconstructed plane have that value everywhere.
static int flat(const x264_image_t *img, int plane, int from, int to, int width, uint8_t value)
{
	const uint8_t *row = img->plane[plane] + (ptrdiff_t)img->i_stride[plane] * from;

	for (; from < to; from++, row += img->i_stride[plane])
		if (row[0] != value || memcmp(row, row + 1, width - 1))
			return 0;
	return 1;
}

// uneven reports whether the black rows next to seams are other than black in
// the reconstructed picture, in which chroma is interleaved.
static int uneven(const px_encoder *e, const x264_image_t *img)
{
	int width = e->param.i_width, height = e->param.i_height;
	// the edge of the content may leak into the other half
	int top = (e->black_top < BAND_REACH ? e->black_top : BAND_REACH) / 2;
	int bottom = (e->black_bottom < BAND_REACH ? e->black_bottom : BAND_REACH) / 2;

	if (top == 0 && bottom == 0)
		return 0;
	return !flat(img, 0, 0, top, width, 16) || !flat(img, 1, 0, top / 2, width, 128) ||
	       !flat(img, 0, height - bottom, height, width, 16) ||
	       !flat(img, 1, (height - bottom) / 2, height / 2, width, 128);
}

int px_encode(px_encoder *e, const uint8_t *y, const uint8_t *u, const uint8_t *v,
	int stride_y, int stride_uv, int key, int qp, px_unit *out)
{
	x264_picture_t in, made;
	x264_nal_t *nals = NULL;
	uint8_t *start;
	int count = 0, size, i;

	x264_picture_init(&in);
	in.img.i_csp = X264_CSP_I420;
	in.img.i_plane = 3;
	// libx264 copies the planes and never writes to them.
	in.img.plane[0] = (uint8_t *)y;
	in.img.plane[1] = (uint8_t *)u;
	in.img.plane[2] = (uint8_t *)v;
	in.img.i_stride[0] = stride_y;
	in.img.i_stride[1] = in.img.i_stride[2] = stride_uv;
	in.i_pts = e->pts++;
	in.prop.quant_offsets = e->offsets;
	in.i_qpplus1 = qp < 0 ? X264_QP_AUTO : qp + 1;
	in.i_type = key ? X264_TYPE_IDR : X264_TYPE_P;

	size = x264_encoder_encode(e->enc, &nals, &count, &in, &made);
	if (size < 0)
		return -1;
	if (size == 0 || count == 0) {
		snprintf(e->error, sizeof e->error, "no output for a picture");
		return -1;
	}
	// The NAL units lie one behind the other. The library's SEI (its version
	// and options) goes: what stands in front of it, the parameter sets, is
	// moved up.
	start = nals[0].p_payload;
	out->key = 0;
	for (i = 0; i < count; i++) {
		if (nals[i].i_type == NAL_SEI) {
			memmove(start + nals[i].i_payload, start, nals[i].p_payload - start);
			start += nals[i].i_payload;
			size -= nals[i].i_payload;
		} else if (nals[i].i_type == NAL_SLICE_IDR) {
			out->key = 1;
		}
	}
	out->uneven = uneven(e, &made.img);
	out->data = start;
	out->size = size;
	return 0;
}

int px_rate(px_encoder *e, int kbps, int buffer)
{
	e->param.rc.i_bitrate = kbps;
	e->param.rc.i_vbv_max_bitrate = kbps;
	e->param.rc.i_vbv_buffer_size = buffer;
	return x264_encoder_reconfig(e->enc, &e->param);
}

const char *px_error(px_encoder *e)
{
	size_t n = strlen(e->error);
	while (n > 0 && e->error[n - 1] == '\n')
		e->error[--n] = 0;
	return e->error;
}

void px_close(px_encoder *e)
{
	if (e->enc)
		x264_encoder_close(e->enc);
	free(e->offsets);
	// presets and profiles may allocate strings inside the parameters
	x264_param_cleanup(&e->param);
	free(e);
}

const char *px_version(void)
{
#ifdef X264_POINTVER
	return X264_POINTVER;
#else
	return PX_STRING(X264_BUILD);
#endif
}
