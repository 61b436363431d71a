//go:build cgo

#include "media.h"

#include <libavutil/channel_layout.h>
#include <libswresample/swresample.h>

// pm_resampler is a SwrContext.
#define SWR(r) ((SwrContext *)(r))

int pm_resampler_open(pm_resampler **out, int from, int to)
{
	AVChannelLayout mono = AV_CHANNEL_LAYOUT_MONO;
	SwrContext *s = NULL;
	int err;

	av_log_set_level(AV_LOG_QUIET);
	err = swr_alloc_set_opts2(&s, &mono, AV_SAMPLE_FMT_FLT, to, &mono, AV_SAMPLE_FMT_FLT, from, 0, NULL);
	if (err >= 0)
		err = swr_init(s);
	if (err < 0) {
		swr_free(&s);
		return err;
	}
	*out = (pm_resampler *)s;
	return 0;
}

int pm_resample(pm_resampler *r, const float *in, int count, float *out, int room)
{
	const uint8_t *from[1] = {(const uint8_t *)in};
	uint8_t *to[1] = {(uint8_t *)out};

	return swr_convert(SWR(r), to, room, in ? from : NULL, count);
}

int pm_resample_room(pm_resampler *r, int count)
{
	return swr_get_out_samples(SWR(r), count);
}

void pm_resampler_close(pm_resampler *r)
{
	SwrContext *s = SWR(r);
	swr_free(&s);
}
