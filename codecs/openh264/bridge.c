//go:build openh264 && cgo

#include "bridge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wels/codec_api.h>

struct ph_decoder {
	ISVCDecoder *dec;
	char log[4096];
	size_t logged;
};

// keep takes a message of the library.
static void keep(void *context, int level, const char *text)
{
	ph_decoder *d = context;
	size_t left = sizeof d->log - d->logged;
	int n;

	if (level > WELS_LOG_WARNING || left < 2)
		return;
	n = snprintf(d->log + d->logged, left, "%s\n", text);
	if (n > 0)
		d->logged += (size_t)n < left ? (size_t)n : left - 1;
}

ph_decoder *ph_open(void)
{
	ph_decoder *d = calloc(1, sizeof *d);
	WelsTraceCallback callback = keep;
	void *context = d;
	int level = WELS_LOG_WARNING;
	SDecodingParam param;

	if (!d)
		return NULL;
	if (WelsCreateDecoder(&d->dec) != 0 || !d->dec) {
		free(d);
		return NULL;
	}
	(*d->dec)->SetOption(d->dec, DECODER_OPTION_TRACE_CALLBACK_CONTEXT, &context);
	(*d->dec)->SetOption(d->dec, DECODER_OPTION_TRACE_CALLBACK, &callback);
	(*d->dec)->SetOption(d->dec, DECODER_OPTION_TRACE_LEVEL, &level);
	memset(&param, 0, sizeof param);
	param.uiTargetDqLayer = 0xff; // the highest
	param.eEcActiveIdc = ERROR_CON_DISABLE; // nothing is made up
	param.sVideoProperty.size = sizeof param.sVideoProperty;
	param.sVideoProperty.eVideoBsType = VIDEO_BITSTREAM_AVC;
	if ((*d->dec)->Initialize(d->dec, &param) != 0) {
		ph_close(d);
		return NULL;
	}
	return d;
}

static int give_out(int state, uint8_t *const plane[3], const SBufferInfo *info, ph_picture *out)
{
	const SSysMEMBuffer *b = &info->UsrData.sSystemBuffer;

	memset(out, 0, sizeof *out);
	if (info->iBufferStatus != 1 || !plane[0] || !plane[1] || !plane[2])
		return state;
	out->y = plane[0];
	out->u = plane[1];
	out->v = plane[2];
	out->width = b->iWidth;
	out->height = b->iHeight;
	out->stride_y = b->iStride[0];
	out->stride_uv = b->iStride[1];
	out->timestamp = info->uiOutYuvTimeStamp;
	return state;
}

int ph_decode(ph_decoder *d, const uint8_t *unit, int size, uint64_t timestamp, ph_picture *out)
{
	uint8_t *plane[3] = {NULL, NULL, NULL};
	SBufferInfo info;
	int state;

	memset(&info, 0, sizeof info);
	info.uiInBsTimeStamp = timestamp;
	state = (*d->dec)->DecodeFrameNoDelay(d->dec, unit, size, plane, &info);
	return give_out(state, plane, &info, out);
}

int ph_flush(ph_decoder *d, ph_picture *out)
{
	uint8_t *plane[3] = {NULL, NULL, NULL};
	SBufferInfo info;
	int left = 0, state;

	memset(&info, 0, sizeof info);
	memset(out, 0, sizeof *out);
	(*d->dec)->GetOption(d->dec, DECODER_OPTION_NUM_OF_FRAMES_REMAINING_IN_BUFFER, &left);
	if (left <= 0)
		return 0;
	state = (*d->dec)->FlushFrame(d->dec, plane, &info);
	return give_out(state, plane, &info, out);
}

const char *ph_log(const ph_decoder *d) { return d->log; }

const char *ph_version(void)
{
	static char text[32];
	OpenH264Version v = WelsGetCodecVersion();

	snprintf(text, sizeof text, "%u.%u.%u", v.uMajor, v.uMinor, v.uRevision);
	return text;
}

void ph_close(ph_decoder *d)
{
	(*d->dec)->Uninitialize(d->dec);
	WelsDestroyDecoder(d->dec);
	free(d);
}
