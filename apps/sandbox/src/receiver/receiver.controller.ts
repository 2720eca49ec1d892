import { Body, Controller, Delete, Get, Headers, HttpCode, Inject, Post, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { ReceivedPosts, type ReceivedPost, type ReceiverCounts } from './received-posts.js';

/** The system behind: plugins post to it. Both paths are the same. */
@Controller(['receiver', 'sandbox/receiver'])
export class ReceiverController {
  constructor(@Inject(ReceivedPosts) private readonly posts: ReceivedPosts) {}

  @Post()
  receive(
    @Headers() headers: Record<string, string>,
    @Body() body: unknown,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): undefined {
    void reply.status(this.posts.receive(headers, body).status);
    return undefined;
  }

  @Get()
  list(): ReceiverCounts & { posts: readonly ReceivedPost[] } {
    return { ...this.posts.counts, posts: this.posts.list() };
  }

  @Delete()
  @HttpCode(204)
  clear(): void {
    this.posts.clear();
  }
}
